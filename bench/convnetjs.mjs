// ConvNetJS's own code: node convnetjs.mjs SOURCE CASE, where SOURCE holds src/convnet_*.js.
// Its regression ends linear, not in tanh; it knows neither batch norm nor batched evaluation.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import vm from "node:vm";
import { rows, serve } from "./protocol.mjs";

const PARTS = "init util vol vol_util layers_dotproducts layers_pool layers_input layers_loss layers_nonlinearities";
const MORE = "layers_dropout layers_normalization net trainers";

const [source, text] = process.argv.slice(2);
const spec = JSON.parse(text);
try {
  for (const part of `${PARTS} ${MORE}`.split(" ")) {
    vm.runInThisContext(readFileSync(resolve(source, "src", `convnet_${part}.js`), "utf8"));
  }
} catch (problem) {
  console.log(`missing ${problem.message.split("\n")[0]}`);
  process.exit(0);
}
const lib = globalThis.convnetjs;

const [depth, height, width] = spec.shape.length === 3 ? spec.shape : [spec.shape[0], 1, 1];
const classes = spec.layers.at(-1)[1] || 1;
const defs = [{ type: "input", out_sx: width, out_sy: height, out_depth: depth }];
const weighted = spec.layers.filter(([name]) => ["dense", "conv"].includes(name)).length;
let seen = 0;
for (const [name, size] of spec.layers) {
  if (name === "dense" || name === "conv") seen++;
  if (seen === weighted) break;
  if (name === "dense") defs.push({ type: "fc", num_neurons: size });
  else if (name === "conv") defs.push({ type: "conv", sx: 3, pad: 1, stride: 1, filters: size });
  else if (name === "pool") defs.push({ type: "pool", sx: size, stride: size });
  else if (name !== "flatten") defs.at(-1).activation = name;
}
defs.push(classes === 1 ? { type: "regression", num_neurons: 1 } : { type: "softmax", num_classes: classes });

const net = new lib.Net();
net.makeLayers(defs);
const method = spec.optimizer === "adam" ? "adam" : "sgd";
const momentum = spec.optimizer === "momentum" ? 0.9 : 0;
const trainer = new lib.Trainer(net, { method, momentum, learning_rate: spec.lr, batch_size: spec.batch });

const data = rows(Math.min(spec.rows, 500), depth * height * width, classes);
const volumes = data.x.map((values) => {
  const volume = new lib.Vol(width, height, depth, 0);
  values.forEach((value, i) => (volume.w[i] = value));
  return volume;
});
const targets = classes === 1 ? data.y.map((value) => [value]) : data.y;

function step() {
  for (let i = 0; i < spec.batch; i++) {
    const row = Math.floor(Math.random() * volumes.length);
    trainer.train(volumes[row], targets[row]);
  }
}

serve("ConvNetJS", step);
