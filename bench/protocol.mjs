// The child's side of the protocol for Node (see child.py): repeat a step for some seconds, answer microseconds a step.

import { createInterface } from "node:readline";

const now = () => Number(process.hrtime.bigint()) / 1e9;

function round(step, seconds) {
  const start = now();
  let count = 0;
  let spent = 0;
  do {
    step();
    count++;
    spent = now() - start;
  } while (spent < seconds);
  return (1e6 * spent) / count;
}

/** Warms up, says `ready VERSION`, then answers every line `round SECONDS`. */
export function serve(version, step) {
  round(step, 1);
  console.log(`ready ${version} (Node ${process.version})`);
  createInterface({ input: process.stdin }).on("line", (line) => {
    console.log(round(step, Number(line.split(" ")[1])));
  });
}

/** Random rows of that length, half of their numbers zero, and a target each. */
export function rows(count, length, classes) {
  const random = () => 2 * Math.random() - 1;
  const x = Array.from({ length: count }, () => Array.from({ length }, () => Math.max(0, random())));
  if (classes > 1) return { x, y: x.map(() => Math.floor(classes * Math.random())) };
  const signed = x.map((row) => row.map(() => 5 * random()));
  return { x: signed, y: signed.map(([a, b]) => (a * b > 0 ? 1 : -1)) };
}
