import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { lockFolder, readState, removeState, writeState } from "../../../infra/local/support/state.ts";
import {
  apiResources,
  functionResource,
  methodResource,
  rootResource,
  temporaryFolder,
  writeAssembly,
  type TemporaryFolder,
} from "./fixture.ts";

describe("a data folder", () => {
  let data: TemporaryFolder;
  beforeEach(() => {
    data = temporaryFolder();
  });
  afterEach(() => data.remove());

  test("belongs to one host at a time", () => {
    const unlock = lockFolder(data.folder);
    expect(() => lockFolder(data.folder)).toThrow(`a different local host (process ${process.pid})`);
    unlock();
    lockFolder(data.folder)();
  });

  test("is free again after its host was killed", () => {
    writeFileSync(
      join(data.folder, "lock"),
      JSON.stringify({ pid: process.pid, born: "an earlier process with this number" }),
    );
    expect(() => lockFolder(data.folder)()).not.toThrow();
  });

  test("names the running host, readable by its owner only, until the host stops", () => {
    const unlock = lockFolder(data.folder);
    const state = { url: "http://127.0.0.1:1", issuer: "http://127.0.0.1:1", pid: process.pid };
    writeState(data.folder, state);
    expect(readState(data.folder)).toEqual(state);
    expect(statSync(join(data.folder, "local.json")).mode & 0o777).toBe(0o600);
    removeState(data.folder);
    unlock();
    expect(readState(data.folder)).toBeUndefined();
  });
});

describe("a host that is killed", () => {
  test("leaves neither engine nor functions running", async () => {
    // A function keeps a connection to this test while its process lives.
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const connected = once(server, "connection") as Promise<[Socket]>;
    const { port } = server.address() as AddressInfo;
    const assembly = writeAssembly(
      {
        Fixture: {
          Resources: {
            ...apiResources,
            AuthorizerFunction: functionResource("echo"),
            Echo: functionResource("echo"),
            Get: methodResource(rootResource, "GET", "Echo"),
          },
        },
      },
      {
        echo: `import { connect } from "node:net"; connect(${port}, "127.0.0.1").resume(); export const handler = async () => ({ statusCode: 200 });`,
      },
    );
    const program = join(assembly.folder, "host.ts");
    writeFileSync(
      program,
      `import { startHost } from ${JSON.stringify(join(import.meta.dirname, "../../../infra/local/host.ts"))};
      const { url, engineEndpoint } = await startHost({ assembly: ${JSON.stringify(assembly.folder)} });
      console.log(JSON.stringify({ url, engineEndpoint }));`,
    );
    const host = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      const [line] = (await once(createInterface({ input: host.stdout }), "line")) as [string];
      const { url, engineEndpoint } = JSON.parse(line) as { url: string; engineEndpoint: string };
      expect((await fetch(url)).status).toBe(200);
      const [ofFunction] = await connected;
      const ofEngine = connect(Number(new URL(engineEndpoint).port), "127.0.0.1");
      await once(ofEngine, "connect");
      // The connection to a killed process ends or is reset.
      const ended = Promise.all(
        [ofFunction, ofEngine].map(
          (socket) => new Promise((resolve) => socket.resume().on("error", resolve).on("close", resolve)),
        ),
      );
      host.kill("SIGKILL");
      expect(await ended).toHaveLength(2);
    } finally {
      host.kill("SIGKILL");
      server.close();
      assembly.remove();
    }
  });
});
