// node validate_tiles.mjs CITY...: is an imported city valid? Every GLB by Khronos' gltf-validator, every
// tileset.json by the rules of the specification (tileset_rules.mjs), tiles and property tables read back by
// Cesium's 3d-tiles-tools, and 3d-tiles-validator where npm has it. Exit status 1 if anything is wrong.
import fs from 'node:fs';
import path from 'node:path';
import {createRequire} from 'node:module';
import {readBack, readProperties, relative} from './tile_metadata.mjs';
import {tilesetProblems} from './tileset_rules.mjs';

const require = createRequire(path.join(process.env.PEERS ?? process.cwd(), 'index.js'));
const gltf = require('gltf-validator');
const tools = require('3d-tiles-tools');
const official = optional('3d-tiles-validator');
if (!official) console.log('3d-tiles-validator is not installed here; the other three checks are made');

function optional(name) {
  try {
    return require(name);
  } catch {
    return null;
  }
}

async function gltfProblems(files) {
  const kinds = new Map();
  let wrong = 0;
  for (const file of files) {
    const report = await gltf.validateBytes(new Uint8Array(fs.readFileSync(file)), {uri: file, maxIssues: 50});
    for (const message of report.issues.messages) {
      const key = `${['error', 'warning', 'information', 'hint'][message.severity]} ${message.code}`;
      const known = kinds.get(key) ?? {count: 0, first: `${file} ${message.pointer}: ${message.message}`};
      known.count += 1;
      kinds.set(key, known);
      if (message.severity <= 1) wrong += 1;
    }
  }
  for (const [key, known] of kinds) console.log(`  ${key} x ${known.count}, first ${known.first}`);
  return wrong;
}

async function cityProblems(city) {
  const rules = tilesetProblems(city);
  const said = rules.problems.slice(0, 50);
  const files = [...rules.contents];
  let wrong = rules.problems.length + await gltfProblems(files);
  let values = 0;
  for (const file of files) {
    const read = readProperties(file, tools);
    values += read.values;
    wrong += read.problems.length;
    said.push(...read.problems.slice(0, 3).map((text) => `${relative(city, file)}: ${text}`));
  }
  const {count} = await readBack(city, tools);
  if (count !== files.length) {
    wrong += 1;
    said.push(`3d-tiles-tools finds ${count} GLB files, the tilesets name ${files.length}`);
  }
  if (official) {
    const result = await official.Validators.validateTilesetFile(path.join(city, 'tileset.json'));
    console.log(`  3d-tiles-validator: ${result.numErrors} errors, ${result.numWarnings} warnings`);
    if (result.numErrors) console.log(result.serialize());
    wrong += result.numErrors;
  }
  console.log(`${city}: ${rules.tilesets} tilesets, ${files.length} GLB files, ${values} values of features`);
  for (const text of said) console.log(`  ${text}`);
  return wrong;
}

let wrong = 0;
for (const city of process.argv.slice(2)) wrong += await cityProblems(city);
console.log(wrong ? `${wrong} errors or warnings` : 'clean');
process.exit(wrong ? 1 : 0);
