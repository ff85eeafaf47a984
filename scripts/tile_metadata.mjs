// Reads what Cesium's own library, 3d-tiles-tools, finds in an imported city: its tiles, and every value of
// every property table of their GLB files. readBack(FOLDER, 3d-tiles-tools) gives counts; what is wrong raises.
import fs from 'node:fs';
import path from 'node:path';

export async function readBack(folder, tools) {
  const source = await tools.TilesetSources.createAndOpen(folder);
  const tiles = await tools.TilesetTraversers.createTraversedTilesIterable(source, 'tileset.json', true, true);
  let count = 0;
  for await (const tile of tiles) count += tile.getFinalContents().filter((one) => one.uri.endsWith('.glb')).length;
  await source.close();
  return {count};
}

export function readProperties(file, tools) {
  const {json, binary} = parts(file);
  const metadata = json.extensions?.EXT_structural_metadata;
  const problems = [];
  let values = 0;
  for (const table of metadata?.propertyTables ?? []) {
    const model = modelOf(table, metadata.schema, json, binary, tools);
    for (let row = 0; row < table.count; row += 1) {
      const entity = model.getMetadataEntityModel(row);
      for (const name of model.getPropertyNames()) {
        if (entity.getPropertyValue(name) === undefined) problems.push(`row ${row} of ${name} has no value`);
        values += 1;
      }
    }
    const absent = Object.keys(metadata.schema.classes[table.class].properties)
      .filter((name) => !(name in table.properties));
    if (absent.length) problems.push(`${absent} of the class are not in the table`);
  }
  problems.push(...featureProblems(json, binary, metadata?.propertyTables ?? []));
  return {problems, values};
}

function modelOf(table, schema, json, binary, tools) {
  const views = json.bufferViews.map((view) => ({byteOffset: 0, ...view}));
  return new tools.BinaryPropertyTableModel({
    propertyTable: table,
    binaryMetadata: {
      metadataClass: schema.classes[table.class],
      binaryEnumInfo: tools.MetadataUtilities.computeBinaryEnumInfo(schema),
      binaryBufferStructure: {buffers: json.buffers, bufferViews: views},
      binaryBufferData: {
        buffersData: [binary],
        bufferViewsData: views.map((view) => binary.subarray(view.byteOffset, view.byteOffset + view.byteLength)),
      },
    },
  });
}

// Each feature id of a primitive is a whole number below the rows of its table.
function featureProblems(json, binary, tables) {
  const out = [];
  for (const primitive of (json.meshes ?? []).flatMap((mesh) => mesh.primitives)) {
    for (const set of primitive.extensions?.EXT_mesh_features?.featureIds ?? []) {
      const ids = scalars(json, binary, primitive.attributes[`_FEATURE_ID_${set.attribute}`]);
      const limit = tables[set.propertyTable]?.count;
      const distinct = new Set(ids);
      if (limit === undefined) out.push(`feature ids name the table ${set.propertyTable}, which is absent`);
      if ([...distinct].some((id) => !Number.isInteger(id) || id < 0 || id >= limit)) out.push('feature ids leave their table');
      if (distinct.size > set.featureCount) out.push(`${distinct.size} features, ${set.featureCount} are declared`);
    }
  }
  return out;
}

function scalars(json, binary, index) {
  const accessor = json.accessors[index];
  const view = json.bufferViews[accessor.bufferView];
  const begin = (view.byteOffset ?? 0) + (accessor.byteOffset ?? 0);
  const step = view.byteStride ?? {5121: 1, 5123: 2, 5125: 4, 5126: 4}[accessor.componentType];
  const read = {5121: 'readUInt8', 5123: 'readUInt16LE', 5125: 'readUInt32LE', 5126: 'readFloatLE'}[accessor.componentType];
  return Array.from({length: accessor.count}, (_, at) => binary[read](begin + at * step));
}

function parts(file) {
  const whole = fs.readFileSync(file);
  const nJson = whole.readUInt32LE(12);
  return {json: JSON.parse(whole.subarray(20, 20 + nJson).toString('utf8')), binary: whole.subarray(28 + nJson)};
}

export const relative = (folder, file) => path.relative(folder, file);
