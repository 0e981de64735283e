/** A server's console, as its operator has it: lines to a process, without a terminal; and what its metrics say of the same. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { writeConfig } from '../../bin/local/deployment.ts';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { handIn } from '../../src/box/voting.ts';
import { RealElection } from '../support/election.ts';

test('an operator asks a server what it holds and its fragment, flushes it, stops it, and nothing is lost', {
  timeout: 240_000,
}, async () => {
  const real = await RealElection.create({ kind: 'yesNo' }, ['no', 'yes'], 3);
  const config = writeConfig(real.deployment, 'server-a');
  const address = join(real.deployment.directory, 'metrics');
  appendFileSync(config, `\n[observe]\nlisten = "127.0.0.1:0"\naddressFile = "${address}"\n`);
  const server = spawn(process.execPath, ['bin/mpc', '--role=server-a', '--config', config, '--console'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const exited = once(server, 'exit');
  let said = '';
  server.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  /** Asks until the answer fits; what was said since the first time. */
  const asked = async (line: string, wanted: RegExp): Promise<string> => {
    const before = said.length;
    for (let round = 0; ; round++) {
      if (round % 20 === 0) server.stdin.write(`${line}\n`);
      if (wanted.test(said.slice(before))) return said.slice(before);
      assert.ok(round < 1200, `asked to ${line}, the console said only: ${said.slice(before)}`);
      await systemClock.sleep(50);
    }
  };
  try {
    real.start('server-b');
    real.start('server-c');
    const election = await real.open();
    await asked('help', /print tally \[id\]/);
    const place = { ...real.place, patienceMs: 60_000 };
    for (const [voter, choice] of [true, false, true].entries()) {
      const { identity } = real.credentials[voter]!;
      const answers = await handIn(
        place,
        election,
        election.caster.cast(voter, identity, 1, choice, systemRandom),
      );
      assert.equal(answers.filter((one) => 'value' in one && one.value.held.length === 1).length, 3);
    }
    const [, other] = real.credentials;
    const forged = election.caster.cast(0, other!.identity, 2, true, systemRandom);
    for (const answer of await handIn(place, election, forged))
      assert.ok('value' in answer && answer.value.refused[0]?.error.code === 'election.not-its-voter');
    await asked('flush', /flushed\n/);
    const stats = await asked('print stats', /3 ballots count, 0 rejected/);
    assert.match(stats, new RegExp(`${real.id} {2}open {2}A test\n {2}3 ballots of 3 voters in the box`));
    assert.match(
      await asked('print tally', /fragment/),
      new RegExp(`${real.id} {2}3 ballots {2}fragment [\\w-]{11}\n`),
    );
    await asked(`print tally ${real.id}`, /fragment [\w-]{11}\n/);
    await asked('print tally 00000000000000000000', /no open election has the id/);
    const metrics = await (await fetch(`${readFileSync(address, 'utf8').trim()}/metrics`)).text();
    for (const line of [
      'mpc_elections{state="open",role="server-a"} 1',
      'mpc_ballots_taken_total{role="server-a"} 3',
      'mpc_ballots_refused_total{reason="election.not-its-voter",role="server-a"} 1',
      'mpc_ballots_tallied{role="server-a"} 0',
    ])
      assert.ok(
        metrics.split('\n').includes(line),
        `${line} is not among ${metrics.match(/^mpc_(el|ba).*/gm)}`,
      );
    await asked('explode', /explode is no command \(help shows what there is\)/);
    server.stdin.write('stop\n');
    assert.deepEqual(await exited, [0, null]);
    assert.match(said, /stopping\n$/);
    real.start('server-a');
    await real.closeBox();
    await real.until('published');
    assert.deepEqual(real.election.life.context.result, [2]);
  } finally {
    server.kill('SIGKILL');
    await exited;
    await real.end();
  }
});
