/**
 * Owns how a role's process speaks to systemd (sd_notify(3)): READY, STATUS, WATCHDOG, STOPPING.
 * Must never wait for the service manager, nor send anything but what vitals.ts says.
 *
 * A notification is a datagram on a Unix socket, which Node cannot open. Either whoever starts the process has opened it
 * (systemd/notify-exec: the datagrams are this process's own, which NotifyAccess=main asks for), or the program systemd-notify
 * sends them (NotifyAccess=all).
 */
import { execFile } from 'node:child_process';
import { writeSync } from 'node:fs';

type Environment = Readonly<Record<string, string | undefined>>;

export interface ServiceManager {
  /** Sends these assignments in one message. */
  readonly send: (assignments: Readonly<Record<string, string>>) => void;
  /** How often it wants to hear that this process is alive; undefined when it does not. */
  readonly watchdogMs: number | undefined;
}

/** Undefined where no service manager listens. `pid`: this process's own. */
export function serviceManager(environment: Environment, pid: number): ServiceManager | undefined {
  const { NOTIFY_SOCKET: socket, MPC_NOTIFY_FD: descriptor } = environment;
  if (socket === undefined) return undefined;
  const carry = descriptor === undefined ? byProgram(socket) : byDescriptor(Number(descriptor));
  return {
    watchdogMs: watchdogMs(environment, pid),
    send: (assignments) =>
      carry(Object.entries(assignments).map(([name, value]) => `${name}=${line(value)}`)),
  };
}

function watchdogMs(
  { WATCHDOG_USEC: every, WATCHDOG_PID: whom }: Environment,
  pid: number,
): number | undefined {
  if (every === undefined || !(Number(every) > 0)) return undefined;
  return whom === undefined || Number(whom) === pid ? Number(every) / 1000 : undefined;
}

/** The service manager's queue is full, or it is gone: what is said next says more. */
function byDescriptor(descriptor: number): (lines: readonly string[]) => void {
  return (lines) => {
    try {
      writeSync(descriptor, lines.join('\n'));
    } catch {}
  };
}

/** One after the other, so that they arrive in order. */
function byProgram(socket: string): (lines: readonly string[]) => void {
  let last: Promise<void> = Promise.resolve();
  return (lines) => {
    last = last.then(
      () =>
        new Promise((resolve) => {
          const env = { PATH: process.env.PATH, NOTIFY_SOCKET: socket };
          execFile('systemd-notify', [...lines], { env, timeout: 5_000 }, () => resolve());
        }),
    );
  };
}

/** A value ends with its line. */
const line = (text: string): string => text.replace(/[\r\n]+/g, ' ');
