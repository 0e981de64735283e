/** What a role's configuration says, where it is wrong, and who has the last word. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { systemRandom } from '../../src/base/random.ts';
import { checkBrokerConfig } from '../../src/config/broker-config.ts';
import { checkRoleConfig, loadRoleConfig } from '../../src/config/role-config.ts';
import { readToml } from '../../src/config/toml.ts';
import { createIdentity } from '../../src/identity/identity.ts';

const newKey = (): string => createIdentity(systemRandom).publicKey;

function inDirectory(act: (write: (name: string, text: string) => string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'mpc-config-'));
  try {
    act((name, text) => {
      writeFileSync(join(directory, name), text);
      return join(directory, name);
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const linesOf = (faults: readonly { line?: number; setting: string }[]): [number | undefined, string][] =>
  faults.map(({ line, setting }) => [line, setting]);

test('every fault has the line that it stands on, also in tables, behind long texts and in dotted names', () =>
  inDirectory((write) => {
    const file = write(
      'a.toml',
      `# a comment with role = "x"
role = "server-d"
deployment = 'pay'
state = """
key = "not a setting"
[trust]
"""
nats = []

[trust]
server-a = "U123"
"party-acme" = "${newKey()}"

[ client ]
party = "Acme"
tables.pay = 5
aprove = []
`,
    );
    const { config, faults } = checkRoleConfig(readToml(file), {}, {});
    assert.equal(config, undefined);
    assert.deepEqual(linesOf(faults), [
      [undefined, 'key'],
      [2, 'role'],
      [8, 'nats'],
      [11, 'trust.server-a'],
      [15, 'client.party'],
      [16, 'client.tables.pay'],
      [17, 'client.aprove'],
    ]);
    assert.match(faults.at(-1)?.hint ?? '', /approve/, 'what there is, for who misspelt it');
    assert.equal(faults[0]?.message, 'it is missing');
    assert.throws(() => loadRoleConfig(file, {}, {}), { code: 'config.invalid', exitCode: 78 });
    const broken = write('b.toml', 'role = "dealer"\nstate = \n');
    assert.throws(
      () => loadRoleConfig(broken, {}, {}),
      (error: { code?: string; place?: { line?: number } }) =>
        error.code === 'config.syntax' && error.place?.line === 2,
    );
    assert.throws(() => loadRoleConfig(`${broken}.not`, {}, {}), { code: 'config.unreadable' });
  }));

test('an option has the last word, then the environment, then the file; paths of the file are relative to it', () =>
  inDirectory((write) => {
    const key = newKey();
    const file = write(
      'dealer.toml',
      `role = "dealer"\nnats = "nats://file:1"\nstate = "state"\nkey = "seed"\n[trust]\ndealer = "${key}"\n`,
    );
    const plain = loadRoleConfig(file, {}, {});
    assert.deepEqual(
      [plain.nats, plain.log, plain.state, plain.key, plain.deployment],
      [['nats://file:1'], 'info', join(file, '../state'), join(file, '../seed'), 'mpc'],
    );
    const environment = {
      MPC_NATS: 'nats://env:1',
      MPC_LOG: 'debug',
      MPC_STATE: '/env/state',
      MPC_KEY: '/env/key',
    };
    const inEnvironment = loadRoleConfig(file, {}, environment);
    assert.deepEqual(
      [inEnvironment.nats, inEnvironment.log, inEnvironment.state, inEnvironment.key],
      [['nats://env:1'], 'debug', '/env/state', '/env/key'],
    );
    const flagged = loadRoleConfig(file, { nats: 'nats://flag:1,nats://flag:2', log: 'warn' }, environment);
    assert.deepEqual(
      [flagged.nats, flagged.log, flagged.state],
      [['nats://flag:1', 'nats://flag:2'], 'warn', '/env/state'],
    );
  }));

test("a role's keys may be in its organisation's trust file, in which no address has two keys", () =>
  inDirectory((write) => {
    const [dealer, other] = [newKey(), newKey()];
    const trust = (more: string): string =>
      write(
        'trust.toml',
        `deployment = "pay"\n[organisations.west.keys]\ndealer = "${dealer}"\n[organisations.east.keys]\n${more}\n`,
      );
    const file = write(
      'dealer.toml',
      'role = "dealer"\ndeployment = "pay"\nstate = "s"\nkey = "k"\ntrust = "trust.toml"\n',
    );
    trust(`party-acme = "${other}"`);
    assert.deepEqual(loadRoleConfig(file, {}, {}).trust, { dealer, 'party-acme': other });
    trust(`dealer = "${other}"`);
    assert.throws(
      () => loadRoleConfig(file, {}, {}),
      (error: { place?: { file?: string; line?: number } }) =>
        error.place?.line === 5 && error.place.file?.endsWith('trust.toml') === true,
    );
    trust('');
    const { faults } = checkRoleConfig(
      readToml(
        write(
          'x.toml',
          'role = "dealer"\ndeployment = "pray"\nstate = "s"\nkey = "k"\ntrust = "trust.toml"\n',
        ),
      ),
      {},
      {},
    );
    assert.deepEqual(linesOf(faults), [[2, 'deployment']]);
  }));

test('a broker is not opened to other machines in the clear, nor to brokers that nobody named', () =>
  inDirectory((write) => {
    write('trust.toml', 'deployment = "pay"\n[organisations.north.keys]\n');
    const check = (more: string): [number | undefined, string][] => {
      const head = 'broker = "north"\ndeployment = "pay"\ndirectory = "b"\ntrust = "trust.toml"\n';
      return linesOf(checkBrokerConfig(readToml(write('broker.toml', head + more))).faults);
    };
    const tls = '[tls]\ncertificate = "c"\nkey = "k"\n';
    assert.deepEqual(check('listen = "127.0.0.1:4222"\n'), []);
    assert.deepEqual(check('listen = "10.0.0.1:4222"\n'), [[5, 'listen']]);
    assert.deepEqual(check(`listen = "10.0.0.1:4222"\n${tls}`), []);
    assert.deepEqual(
      check(
        `listen = "10.0.0.1:4222"\n${tls}[cluster]\nlisten = "10.0.0.2:6222"\nroutes.south = "10.0.0.2:6222"\n`,
      ),
      [
        [10, 'cluster.listen'],
        [9, 'cluster.routes.north'],
        [11, 'cluster.routes.south'],
      ],
    );
    assert.deepEqual(
      check(
        `listen = "10.0.0.1:4222"\n${tls}[leaves]\nlisten = "10.0.0.1:7422"\norganisations = ["south"]\n`,
      ),
      [[11, 'leaves.organisations']],
    );
    assert.deepEqual(
      check(
        `listen = "10.0.0.1:4222"\n${tls}[hub]\norganisation = "south"\naddress = "10.0.0.2:7422"\nkey = "k"\n`,
      ),
      [[10, 'hub.organisation']],
    );
  }));
