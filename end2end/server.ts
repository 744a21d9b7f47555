// Starts the real binary on a new SQLite file in a temporary folder, with a clock that the test can move.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export type Admin = { email: string; password: string };

export type ServerOptions = {
  /** Whether new publishers and advertisers are admitted at once. */
  admission?: "auto" | "manual";
  /** Created before the server starts. */
  admin?: Admin;
  /** Where the clock stands at first; the present, unless told. */
  time?: Date;
  /** Further settings, as environment variables. */
  environment?: Record<string, string>;
};

export type Server = {
  /** What BASE_URL says: http://localhost:{port}. */
  url: string;
  databaseUrl: string;
  /** What the process has written to standard error so far. */
  stderr(): string;
  /** False once the process has ended, whoever ended it. */
  isRunning(): boolean;
  now(): Date;
  setTime(time: Date): Promise<void>;
  advance(milliseconds: number): Promise<void>;
  stop(): Promise<void>;
};

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 10_000;

export function binary(): string {
  const path = process.env.TALLYSTICK_BIN;
  if (!path) throw new Error("TALLYSTICK_BIN must name the built binary: use `make e2e`");
  return path;
}

/** BASE_URL must name the port before the process starts, so the process cannot choose it. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", resolve);
  });
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Renamed into place, so that the server never reads half an instant. */
async function writeClock(path: string, time: Date): Promise<void> {
  await writeFile(`${path}.new`, time.toISOString());
  await rename(`${path}.new`, path);
}

/** `tallystick create-admin` on the same database; the password goes through standard input, as people should. */
export async function createAdmin(admin: Admin, environment: Record<string, string>, folder: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const child = execFile(
      binary(),
      ["create-admin", "--email", admin.email, "--password-stdin"],
      { cwd: folder, env: environment, timeout: START_TIMEOUT_MS },
      (error, stdout, stderr) => (error ? reject(new Error(`create-admin: ${error.message}\n${stdout}${stderr}`)) : resolve()),
    );
    // A process that ends before it has read is reported above, by its exit code.
    child.stdin?.on("error", () => {});
    child.stdin?.end(`${admin.password}\n`);
  });
}

export async function startServer(options: ServerOptions = {}): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), "tallystick-journey-"));
  try {
    // Another process may take the port between our asking and the server's listening.
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await startOn(await freePort(), folder, options);
      } catch (error) {
        if (attempt === 3 || !/in use/i.test(String(error))) throw error;
      }
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function startOn(port: number, folder: string, options: ServerOptions): Promise<Server> {
  const url = `http://localhost:${port}`;
  const databaseUrl = `sqlite://${join(folder, "tallystick.db")}`;
  const clock = join(folder, "clock");
  // Nothing of the caller's own settings: only what is said here, and what a process cannot do without.
  const environment: Record<string, string> = {
    PATH: process.env.PATH ?? "",
    HOME: folder,
    RUST_BACKTRACE: "1",
    DATABASE_URL: databaseUrl,
    LISTEN_ADDR: `127.0.0.1:${port}`,
    BASE_URL: url,
    ADMISSION: options.admission ?? "auto",
    ...options.environment,
  };
  // Whole seconds, so that a test can compare with what a page shows.
  let time = options.time ?? new Date(Math.floor(Date.now() / 1000) * 1000);
  await writeClock(clock, time);
  if (options.admin) await createAdmin(options.admin, environment, folder);

  // The temporary folder is also the working folder: a .env file of the clone must not be read.
  const child = spawn(binary(), ["serve", "--fixed-clock", `@${clock}`], {
    cwd: folder,
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  // Should the test runner end before `stop`, the server ends with it.
  const killWithRunner = () => child.kill("SIGKILL");
  process.once("exit", killWithRunner);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  void ended.then(() => process.removeListener("exit", killWithRunner));

  await untilListening(child, () => stderr);

  return {
    url,
    databaseUrl,
    stderr: () => stderr,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    now: () => time,
    async setTime(next) {
      await writeClock(clock, next);
      time = next;
    },
    async advance(milliseconds) {
      await this.setTime(new Date(time.getTime() + milliseconds));
    },
    async stop() {
      child.kill("SIGTERM");
      const patience = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
      await ended;
      clearTimeout(patience);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Resolves at the line `listening on http://…`; rejects, with what the process said, if it ends or stays silent. */
async function untilListening(child: ChildProcess, stderr: () => string): Promise<void> {
  let stdout = "";
  await new Promise<void>((resolve, reject) => {
    const giveUp = (why: string) => {
      child.kill("SIGKILL");
      reject(new Error(`${why}\n${stdout}${stderr()}`));
    };
    const patience = setTimeout(() => giveUp("the server did not say that it listens"), START_TIMEOUT_MS);
    child.once("error", (error) => giveUp(`the server did not start: ${error.message}`));
    child.once("close", (code, signal) => {
      clearTimeout(patience);
      giveUp(`the server ended: ${code ?? signal}`);
    });
    // Read on after that line, too: a full pipe would stop the server.
    createInterface({ input: child.stdout! }).on("line", (line) => {
      stdout += `${line}\n`;
      if (/listening on https?:\/\//.test(line)) {
        clearTimeout(patience);
        resolve();
      }
    });
  });
}
