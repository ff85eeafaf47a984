// What the specification of 3D Tiles 1.1 asks of tileset.json files, checked with nothing but this file.
// tilesetProblems(FOLDER) walks from tileset.json through all tilesets inside and gives sentences.
import fs from 'node:fs';
import path from 'node:path';

const GEOMETRY = {box: 12, region: 6, sphere: 4};
//: Properties the schemas know; others are allowed only by "extras" and named extensions.
const KNOWN = {
  tileset: ['asset', 'properties', 'schema', 'schemaUri', 'statistics', 'groups', 'metadata',
    'geometricError', 'root', 'extensionsUsed', 'extensionsRequired', 'extensions', 'extras'],
  asset: ['version', 'tilesetVersion', 'extensions', 'extras'],
  tile: ['boundingVolume', 'viewerRequestVolume', 'geometricError', 'refine', 'transform', 'content',
    'contents', 'metadata', 'implicitTiling', 'children', 'extensions', 'extras'],
  content: ['boundingVolume', 'uri', 'metadata', 'group', 'extensions', 'extras'],
};
//: Millimetres that rounding may put a child outside its parent.
const SLACK_M = 0.002;

export function tilesetProblems(folder) {
  const out = [];
  const seen = new Set();
  const files = {contents: new Set(), tilesets: 0, tiles: 0};
  checkFile(path.join(folder, 'tileset.json'), null, {out, seen, files, folder});
  return {problems: out, ...files};
}

function checkFile(file, above, walk) {
  const say = (where, text) => walk.out.push(`${path.relative(walk.folder, file)} ${where}: ${text}`);
  if (walk.seen.has(file)) return say('', 'is named twice');
  walk.seen.add(file);
  walk.files.tilesets += 1;
  const tileset = JSON.parse(fs.readFileSync(file, 'utf8'));
  only(tileset, KNOWN.tileset, '', say);
  if (!isObject(tileset.asset)) say('/asset', 'is missing');
  else {
    only(tileset.asset, KNOWN.asset, '/asset', say);
    if (!['1.0', '1.1'].includes(tileset.asset.version)) say('/asset/version', 'is neither 1.0 nor 1.1');
  }
  for (const list of ['extensionsUsed', 'extensionsRequired']) {
    if (list in tileset && !isFullListOfTexts(tileset[list])) say(`/${list}`, 'is no list of names');
  }
  if (!isError(tileset.geometricError)) say('/geometricError', 'is no number of 0 or more');
  if (!isObject(tileset.root)) return say('/root', 'is missing');
  if (!tileset.root.refine) say('root.refine', 'the root must say how it is refined');
  if (tileset.geometricError < tileset.root.geometricError) say('/geometricError', 'is less than its root\'s');
  checkTile(tileset.root, '/root', above, {...walk, say, file});
}

function checkTile(tile, where, above, walk) {
  const {say} = walk;
  walk.files.tiles += 1;
  only(tile, KNOWN.tile, where, say);
  checkVolume(tile.boundingVolume, `${where}/boundingVolume`, say);
  if (!isError(tile.geometricError)) say(`${where}/geometricError`, 'is no number of 0 or more');
  if ('refine' in tile && !['ADD', 'REPLACE'].includes(tile.refine)) say(`${where}/refine`, 'is unknown');
  if ('transform' in tile) checkTransform(tile.transform, `${where}/transform`, say);
  if (tile.content && tile.contents) say(where, 'has both content and contents');
  if (above) {
    if (tile.geometricError > above.geometricError) say(`${where}/geometricError`, 'is larger than its parent\'s');
    if (!('transform' in tile) && !isInside(tile.boundingVolume, above.boundingVolume)) {
      say(`${where}/boundingVolume`, 'reaches out of its parent\'s');
    }
  }
  if ('children' in tile && !(Array.isArray(tile.children) && tile.children.length)) {
    say(`${where}/children`, 'is no list with at least one tile');
  }
  const contents = tile.contents ?? (tile.content ? [tile.content] : []);
  contents.forEach((content, index) => checkContent(content, tile, `${where}/content${index || ''}`, walk));
  (tile.children ?? []).forEach((child, index) => checkTile(child, `${where}/children/${index}`, tile, walk));
}

function checkContent(content, tile, where, walk) {
  const {say} = walk;
  only(content, KNOWN.content, where, say);
  if (typeof content.uri !== 'string' || !content.uri) return say(`${where}/uri`, 'is no text');
  const file = path.resolve(path.dirname(walk.file), decodeURIComponent(content.uri));
  if (path.relative(walk.folder, file).startsWith('..')) return say(`${where}/uri`, 'leaves the folder');
  if (!fs.existsSync(file)) return say(`${where}/uri`, `${content.uri} is not there`);
  if (!file.endsWith('.json')) {
    if (walk.files.contents.has(file)) say(`${where}/uri`, `${content.uri} is used twice`);
    walk.files.contents.add(file);
    return undefined;
  }
  if (tile.children) say(where, 'a tile with a tileset inside must have no children');
  return checkFile(file, tile, walk);
}

function checkVolume(volume, where, say) {
  if (!isObject(volume)) return say(where, 'is missing');
  const kinds = Object.keys(GEOMETRY).filter((kind) => kind in volume);
  if (!kinds.length) return say(where, 'is no box, region or sphere');
  for (const kind of kinds) {
    const numbers = volume[kind];
    if (!isNumbers(numbers, GEOMETRY[kind])) say(where, `${kind} is not ${GEOMETRY[kind]} finite numbers`);
    else if (kind === 'sphere' && numbers[3] < 0) say(where, 'has a negative radius');
    else if (kind === 'region') checkRegion(numbers, where, say);
    else if (kind === 'box' && Math.abs(determinant(numbers.slice(3))) === 0) say(where, 'has no volume');
  }
  return undefined;
}

function checkRegion([west, south, east, north, low, high], where, say) {
  const half = Math.PI / 2;
  if (Math.abs(west) > Math.PI || Math.abs(east) > Math.PI) say(where, 'longitude outside ±180°');
  if (Math.abs(south) > half || Math.abs(north) > half) say(where, 'latitude outside ±90°');
  if (south > north || low > high) say(where, 'runs backwards');
}

function checkTransform(numbers, where, say) {
  if (!isNumbers(numbers, 16)) return say(where, 'is not 16 finite numbers');
  if (numbers[3] || numbers[7] || numbers[11] || numbers[15] !== 1) say(where, 'is not affine');
  const axes = [0, 4, 8].flatMap((at) => numbers.slice(at, at + 3));
  if (Math.abs(determinant(axes)) < 1e-9) say(where, 'cannot be undone');
  return undefined;
}

// Upright boxes only, which is what our import writes; other volumes are not compared.
function isInside(inner, outer) {
  if (!isUpright(inner?.box) || !isUpright(outer?.box)) return true;
  return [0, 1, 2].every((axis) => {
    const [a, b] = [inner.box, outer.box].map((box) => [box[axis], Math.abs(box[3 + 4 * axis])]);
    return Math.abs(a[0] - b[0]) + a[1] <= b[1] + SLACK_M;
  });
}

const isUpright = (box) => isNumbers(box, 12) && [4, 5, 6, 8, 9, 10].every((at) => box[at] === 0);
const isObject = (one) => typeof one === 'object' && one !== null && !Array.isArray(one);
const isError = (one) => Number.isFinite(one) && one >= 0;
const isNumbers = (list, n) => Array.isArray(list) && list.length === n && list.every(Number.isFinite);
const isFullListOfTexts = (list) => Array.isArray(list) && list.length > 0
  && new Set(list).size === list.length && list.every((one) => typeof one === 'string');

function only(one, known, where, say) {
  for (const key of Object.keys(one)) if (!known.includes(key)) say(`${where}/${key}`, 'is not in the specification');
}

function determinant([a, b, c, d, e, f, g, h, i]) {
  return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
}
