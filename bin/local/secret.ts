/**
 * Owns how a password gets into a process: from a file, from standard input, or typed without being shown.
 * Must never take one from the command line or the environment, which other users of the machine can read.
 */
import { readFileSync } from 'node:fs';
import { EXIT, MpcError } from '../../src/base/errors.ts';

export interface SecretSource {
  /** File whose first line it is; `-` for standard input. */
  readonly passwordFile?: string;
}

/** Throws `password.none`. */
export async function readPassword(prompt: string, { passwordFile }: SecretSource): Promise<string> {
  if (passwordFile !== undefined && passwordFile !== '-') return firstLine(readFile(passwordFile));
  if (passwordFile === '-' || !process.stdin.isTTY) return firstLine(readFileSync(0, 'utf8'));
  return typed(prompt);
}

/** Twice, so that a slip of the finger does not become the password. */
export async function readNewPassword(source: SecretSource): Promise<string> {
  const password = await readPassword('new password: ', source);
  if (source.passwordFile !== undefined || !process.stdin.isTTY) return password;
  if ((await typed('once more: ')) === password) return password;
  throw new MpcError('password.differs', 'the two passwords are not the same', { exitCode: EXIT.badData });
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new MpcError('password.none', `the password file ${path} cannot be read`, {
      place: { file: path },
      exitCode: EXIT.noInput,
    });
  }
}

function firstLine(text: string): string {
  const line = text.split(/\r?\n/, 1)[0] ?? '';
  if (line !== '') return line;
  throw new MpcError('password.none', 'no password was given', {
    hint: 'type it, or give --password-file FILE (- for standard input)',
    exitCode: EXIT.noInput,
  });
}

/** Reads a line from the terminal, which shows nothing of it. */
function typed(prompt: string): Promise<string> {
  const { stdin } = process;
  process.stderr.write(prompt);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.resume();
  return new Promise((resolve, reject) => {
    let line = '';
    const end = (): void => {
      stdin.setRawMode(false);
      stdin.pause();
      stdin.off('data', take);
      process.stderr.write('\n');
    };
    const take = (text: string): void => {
      for (const key of text) {
        if (key === '\r' || key === '\n') {
          end();
          resolve(line);
          return;
        }
        if (key === '\u0003' || key === '\u0004') {
          end();
          reject(new MpcError('password.none', 'interrupted', { exitCode: EXIT.noInput }));
          return;
        }
        line = key === '\u007f' || key === '\b' ? [...line].slice(0, -1).join('') : line + key;
      }
    };
    stdin.on('data', take);
  });
}
