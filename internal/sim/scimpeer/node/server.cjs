// A SCIM 2.0 service provider out of scimmy, with everything in memory, apart for each token that begins as the options say. Says where it listens in its first line, and ends with its input.
"use strict";
const { createRequire } = require("node:module");
const { randomUUID } = require("node:crypto");
const load = createRequire(process.argv[2] + "/");
const options = JSON.parse(process.argv[3]);
const express = load("express");
const loaded = (module) => module.default ?? module;
const SCIMMY = loaded(load("scimmy"));
const Routers = loaded(load("scimmy-routers"));

// declare keeps resources of one type, by token and id.
function declare(type) {
  const tenants = new Map();
  const of = (token) => tenants.get(token) ?? tenants.set(token, new Map()).get(token);
  SCIMMY.Resources.declare(type)
    .ingress((resource, data, token) => {
      const kept = of(token);
      const id = resource.id ?? randomUUID();
      const old = kept.get(id);
      if (resource.id && !old) throw new SCIMMY.Types.Error(404, null, `nothing has the id ${id}`);
      const now = new Date().toISOString();
      const plain = JSON.parse(JSON.stringify(data));
      const made = { ...plain, id, meta: { created: old?.meta.created ?? now, lastModified: now } };
      kept.set(id, made);
      return made;
    })
    .egress((resource, token) => {
      const kept = of(token);
      if (resource.id) {
        if (!kept.has(resource.id)) throw new SCIMMY.Types.Error(404, null, `nothing has the id ${resource.id}`);
        return kept.get(resource.id);
      }
      const all = [...kept.values()];
      return resource.filter ? resource.filter.match(all) : all;
    })
    .degress((resource, token) => {
      if (!of(token).delete(resource.id)) throw new SCIMMY.Types.Error(404, null, `nothing has the id ${resource.id}`);
    });
}

SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser);
declare(SCIMMY.Resources.User);
declare(SCIMMY.Resources.Group);

const app = express();
app.use("/scim", new Routers({
  type: "bearer",
  docUri: "https://example.com/help",
  handler: (request) => {
    if (!request.header("Authorization")?.startsWith(`Bearer ${options.token}`)) throw new Error("the token is wrong");
    return "tests";
  },
  context: (request) => request.header("Authorization"),
}));
const server = app.listen(0, "127.0.0.1", () => process.stdout.write(`listening on ${server.address().port}\n`));
process.stdin.on("end", () => process.exit(0)).resume();
