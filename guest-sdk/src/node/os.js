// node:os: what every sandbox says of its machine.

export const EOL = "\n";
export const devNull = "/dev/null";
export const constants = { signals: { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }, errno: {}, priority: {}, dlopen: {} };
export const arch = () => "x64";
export const platform = () => "linux";
export const type = () => "Linux";
export const release = () => "6.0.0";
export const version = () => "#1";
export const machine = () => "x86_64";
export const hostname = () => "localhost";
export const homedir = () => "/";
export const tmpdir = () => "/tmp";
export const endianness = () => "LE";
export const cpus = () => [];
export const availableParallelism = () => 1;
export const loadavg = () => [0, 0, 0];
export const totalmem = () => 134217728;
export const freemem = () => 67108864;
export const uptime = () => globalThis.performance.now() / 1000;
export const networkInterfaces = () => ({});
export const userInfo = () => ({ username: "function", uid: 1000, gid: 1000, shell: null, homedir: "/" });
