// Answers questions about filters and patches, one JSON object a line each way: what two libraries make of them.
"use strict";
const { createRequire } = require("node:module");
const { createInterface } = require("node:readline");
const load = createRequire(process.argv[2] + "/");
const { parse, filter, stringify } = load("scim2-parse-filter");
const { scimPatch } = load("scim-patch");

const answers = {
  match: ({ filter: text, resource }) => filter(parse(text))(resource),
  normal: ({ filter: text }) => stringify(parse(text)),
  patch: ({ operations, resource }) => scimPatch(resource, operations, { mutateDocument: false, treatMissingAsAdd: false }),
};

createInterface({ input: process.stdin }).on("line", (line) => {
  let answer;
  try {
    const question = JSON.parse(line);
    answer = { value: answers[question.ask](question) };
  } catch (error) {
    answer = { refused: String(error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
});
