// Opens a tileset in CesiumJS and draws it along given camera poses; called by run.mjs.
window.CESIUM_BASE_URL = "/node_modules/cesium/Build/Cesium/";

function makeViewer(fovYRad) {
  const viewer = new Cesium.Viewer("view", {
    baseLayer: false, baseLayerPicker: false, geocoder: false, timeline: false, animation: false,
    homeButton: false, sceneModePicker: false, navigationHelpButton: false, infoBox: false,
    selectionIndicator: false, fullscreenButton: false, msaaSamples: 1, skyBox: false,
    skyAtmosphere: false, useDefaultRenderLoop: false,
  });
  const scene = viewer.scene;
  scene.globe.show = false;
  scene.fog.enabled = false;
  scene.postProcessStages.fxaa.enabled = false;
  scene.backgroundColor = Cesium.Color.fromCssColorString("#dfe5ea");
  viewer.resolutionScale = 1;
  viewer.creditDisplay.container.style.display = "none";
  const frustum = scene.camera.frustum;
  const aspect = scene.canvas.clientWidth / scene.canvas.clientHeight;
  frustum.fov = aspect > 1 ? 2 * Math.atan(aspect * Math.tan(fovYRad / 2)) : fovYRad;
  return viewer;
}

// Eye and target are metres in the frame of the tileset's root transform.
function look(camera, root, pose) {
  const at = (xyz) => Cesium.Matrix4.multiplyByPoint(
    root, Cesium.Cartesian3.fromArray(xyz), new Cesium.Cartesian3());
  const eye = at(pose.eye);
  const direction = Cesium.Cartesian3.normalize(
    Cesium.Cartesian3.subtract(at(pose.target), eye, new Cesium.Cartesian3()),
    new Cesium.Cartesian3());
  const rise = Cesium.Matrix4.multiplyByPointAsVector(
    root, Cesium.Cartesian3.UNIT_Z, new Cesium.Cartesian3());
  const right = Cesium.Cartesian3.normalize(
    Cesium.Cartesian3.cross(direction, rise, new Cesium.Cartesian3()), new Cesium.Cartesian3());
  const up = Cesium.Cartesian3.cross(right, direction, new Cesium.Cartesian3());
  camera.setView({ destination: eye, orientation: { direction, up } });
}

function draw(viewer, pixel) {
  const start = performance.now();
  viewer.resize();
  viewer.scene.render(viewer.clock.currentTime);
  const gl = viewer.scene.context._gl;
  gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
  return performance.now() - start;
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function settle(viewer, tileset, pixel, limitMs) {
  const start = performance.now();
  let calm = 0;
  while (calm < 3 && performance.now() - start < limitMs) {
    draw(viewer, pixel);
    calm = tileset.tilesLoaded ? calm + 1 : 0;
    await pause(0);
  }
  return calm >= 3;
}

// job: {url, fovYRad, screenSpaceErrorPx, cacheBytes, paths: {name: {poses, settled}}}
window.measure = async function (job) {
  const pixel = new Uint8Array(4);
  const viewer = makeViewer(job.fovYRad);
  const tileset = await Cesium.Cesium3DTileset.fromUrl(job.url, {
    cacheBytes: job.cacheBytes, maximumScreenSpaceError: job.screenSpaceErrorPx,
    // The same detail on both sides: nothing is left out at the rim or far away.
    dynamicScreenSpaceError: false, foveatedScreenSpaceError: false,
  });
  viewer.scene.primitives.add(tileset);
  const root = tileset.root.computedTransform ?? tileset.root.transform;
  const out = { frames_ms: {}, triangles: {}, tiles: {} };
  let first = true;
  for (const [name, path] of Object.entries(job.paths)) {
    look(viewer.camera, root, path.poses[0]);
    const complete = await settle(viewer, tileset, pixel, 120000);
    if (first) {
      out.first_view_at_ms = Date.now();
      first = false;
    }
    const frames = [];
    for (const pose of path.poses) {
      look(viewer.camera, root, pose);
      if (path.settled) await settle(viewer, tileset, pixel, 60000);
      frames.push(draw(viewer, pixel));
      await pause(0);
    }
    out.frames_ms[name] = frames;
    out.triangles[name] = tileset.statistics.numberOfTrianglesSelected;
    out.tiles[name] = tileset.statistics.selected ?? tileset.statistics.numberOfTilesWithContentReady;
    out.complete = complete;
  }
  const gl = viewer.scene.context._gl;
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  out.renderer = gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
  out.version = Cesium.VERSION;
  out.size_px = [gl.drawingBufferWidth, gl.drawingBufferHeight];
  return out;
};
