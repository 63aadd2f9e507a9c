// TensorFlow Playground's own network code: node playground.mjs SOURCE CASE, where SOURCE holds src/nn.ts.
// Its types are stripped by Node (22.13 or later) or by the `typescript` package installed in SOURCE.

import { readFileSync } from "node:fs";
import module, { createRequire } from "node:module";
import { resolve } from "node:path";
import { rows, serve } from "./protocol.mjs";

const [source, text] = process.argv.slice(2);
const spec = JSON.parse(text);

function javascript(code) {
  if (module.stripTypeScriptTypes) return module.stripTypeScriptTypes(code);
  const typescript = createRequire(resolve(source, "src", "nn.ts"))("typescript");
  return typescript.transpileModule(code, { compilerOptions: { target: "es2022", module: "esnext" } }).outputText;
}

async function load() {
  const code = javascript(readFileSync(resolve(source, "src", "nn.ts"), "utf8"));
  return import(`data:text/javascript,${encodeURIComponent(code)}`);
}

let nn;
try {
  nn = await load();
} catch (problem) {
  console.log(`missing ${problem.message.split("\n")[0]}`);
  process.exit(0);
}

const sizes = spec.layers.filter(([name]) => name === "dense").map(([, size]) => size);
const hidden = nn.Activations[spec.layers[1][0].toUpperCase()];
const network = nn.buildNetwork([2, ...sizes], hidden, nn.Activations.TANH, null, ["x", "y"]);
const { x, y } = rows(spec.rows, 2, 1);
let row = 0;

// One update, as the loop in playground.ts takes it: sample by sample, in fixed order.
function step() {
  for (let i = 0; i < spec.batch; i++, row = (row + 1) % x.length) {
    nn.forwardProp(network, x[row]);
    nn.backProp(network, y[row], nn.Errors.SQUARE);
  }
  nn.updateWeights(network, spec.lr, 0);
  if (spec.kind === "page" && row === 0) loss();
}

// The loss of all rows, which the page shows after every epoch.
function loss() {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += nn.Errors.SQUARE.error(nn.forwardProp(network, x[i]), y[i]);
  return sum / x.length;
}

// The grid of 100 x 100 outputs as in playground.ts, of the last node alone.
const grid = Array.from({ length: 100 }, () => new Array(100));
function boundary() {
  for (let i = 0; i < 100; i++) {
    for (let j = 0; j < 100; j++) {
      grid[i][j] = nn.forwardProp(network, [-6 + (12 * i) / 99, 6 - (12 * j) / 99]);
    }
  }
}

serve("TensorFlow Playground", spec.kind === "boundary" ? boundary : step);
