// node run.mjs JOB.json: frame times of CesiumJS in the system's Chromium on this display's driver.
// Prints one JSON line. JOB: what page.js takes, with "folder" (served as /city/) and window size;
// "screenshot": a PNG to write at the end.
import { chromium } from "playwright-core";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";

const job = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const modules = job.modules;
const types = {
  ".html": "text/html", ".js": "text/javascript", ".json": "application/json",
  ".glb": "model/gltf-binary", ".css": "text/css", ".wasm": "application/wasm",
};

function fileOf(url) {
  const inside = path.normalize(decodeURIComponent(url.split("?")[0]));
  if (inside.startsWith("/city/")) return path.join(job.folder, inside.slice(6));
  if (inside.startsWith("/node_modules/")) return path.join(modules, inside.slice(14));
  return path.join(here, inside);
}

const server = http.createServer((request, response) => {
  const file = fileOf(request.url);
  fs.readFile(file, (error, data) => {
    const type = types[path.extname(file)] || "application/octet-stream";
    response.writeHead(error ? 404 : 200, { "content-type": type });
    response.end(error ? undefined : data);
  });
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const begun = Date.now();
const browser = await chromium.launch({
  executablePath: job.browser,
  headless: false,
  args: [
    "--no-sandbox", "--use-gl=angle", "--use-angle=gl", "--ignore-gpu-blocklist",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run", "--disable-extensions",
  ],
});
try {
  const page = await browser.newPage({ viewport: { width: job.width, height: job.height } });
  page.on("pageerror", (error) => console.error(error.message));
  await page.goto(`http://127.0.0.1:${server.address().port}/index.html`);
  const result = await page.evaluate((given) => window.measure(given), {
    ...job, url: "/city/tileset.json",
  });
  result.first_view_ms = result.first_view_at_ms - begun;
  if (job.screenshot) await page.screenshot({ path: job.screenshot });
  console.log(JSON.stringify(result));
} finally {
  await browser.close();
  server.close();
}
