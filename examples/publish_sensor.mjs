// A small sensor in Node: one JSON message a second. Once: npm install. Then: node publish_sensor.mjs
import { Push } from "zeromq";

const address = process.argv[2] ?? "tcp://127.0.0.1:5712";
const count = Number(process.argv[3] ?? 0); // 0 = for ever
const socket = new Push();
socket.connect(address);
for (let sent = 0; !count || sent < count; sent++) {
  const observation = {
    datastream: "air-1/pm25",
    result: 12 + 4 * Math.sin(Date.now() / 20000),
    unit: "µg/m³",
    name: "Market square air",
    location: [4.3113, 52.0799],
  };
  await socket.send(["v1/j/my-air-sensor/", JSON.stringify(observation)]);
  if (!count) await new Promise((resume) => setTimeout(resume, 1000));
}
