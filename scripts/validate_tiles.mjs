// node validate_tiles.mjs CITY...: checks every GLB of an imported city with Khronos' gltf-validator,
// and the tilesets with 3d-tiles-validator where npm has it. Exit status 1 if anything is wrong.
import fs from 'node:fs';
import path from 'node:path';
import {createRequire} from 'node:module';

const require = createRequire(path.join(process.env.PEERS ?? process.cwd(), 'index.js'));
const gltf = require('gltf-validator');
let tiles = null;
try {
  tiles = require('3d-tiles-validator');
} catch {
  console.log('3d-tiles-validator is not installed here: tilesets are checked by tests/twin/test_import_rules.py only');
}

function* files(folder, ending) {
  for (const entry of fs.readdirSync(folder, {withFileTypes: true})) {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* files(full, ending);
    else if (entry.name.endsWith(ending)) yield full;
  }
}

let wrong = 0;
for (const city of process.argv.slice(2)) {
  const kinds = new Map();
  let count = 0;
  for (const file of files(city, '.glb')) {
    const report = await gltf.validateBytes(new Uint8Array(fs.readFileSync(file)), {uri: file, maxIssues: 50});
    count += 1;
    for (const message of report.issues.messages) {
      const key = `${['error', 'warning', 'information', 'hint'][message.severity]} ${message.code}`;
      const known = kinds.get(key) ?? {count: 0, first: `${file} ${message.pointer}: ${message.message}`};
      known.count += 1;
      kinds.set(key, known);
      if (message.severity <= 1) wrong += 1;
    }
  }
  console.log(`${city}: ${count} GLB files`);
  for (const [key, known] of kinds) console.log(`  ${key} x ${known.count}, first ${known.first}`);
  if (tiles) {
    const result = await tiles.Validators.validateTilesetFile(path.join(city, 'tileset.json'));
    console.log(`  3d-tiles-validator: ${result.numErrors} errors, ${result.numWarnings} warnings`);
    if (result.numErrors) console.log(result.serialize());
    wrong += result.numErrors;
  }
}
console.log(wrong ? `${wrong} errors or warnings` : 'clean');
process.exit(wrong ? 1 : 0);
