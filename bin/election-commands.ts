/**
 * Owns the commands of elections on the command line: names, options and help.
 * Must never do anything: each verb lives in a file of its own and is loaded when it is called.
 */
import type { Command } from 'commander';
import { collect, positiveInteger } from './option-values.ts';

export function addElectionCommands(program: Command): void {
  const election = program
    .command('election')
    .description('elections held by three servers: see each command');

  const electionVerb = (name: string, description: string): Command =>
    election
      .command(name)
      .description(description)
      .argument('<id>')
      .requiredOption('--config <file>', "the registrar's configuration; to read, any role's")
      .option('--nats <url>', 'broker to use instead of the configured one')
      .option('--json', 'one JSON object on standard output');

  election
    .command('create')
    .description('make an election; prints its id')
    .requiredOption('--config <file>', "the registrar's configuration")
    .requiredOption('--title <text>', 'the question')
    .option('--type <type>', 'yesNo, oneOf, approval or score', 'oneOf')
    .option('--option <label>', 'an option (repeat for each)', collect, [])
    .option('--most <count>', 'approval: most options a voter may mark', positiveInteger)
    .option('--max <points>', 'score: most points of an option', positiveInteger)
    .option('--hours <count>', 'hours until it closes by itself', positiveInteger, 24)
    .option('--nats <url>', 'broker to use instead of the configured one')
    .option('--json', 'one JSON object on standard output')
    .action(async (options) => (await import('./verbs/election.ts')).create(options));

  electionVerb('eligible', 'add voters to the list')
    .option('--voters <file>', "voters' public keys, one a line")
    .option('--make <count>', 'for a test election: make so many credentials', positiveInteger)
    .option('--out <file>', 'where to write those')
    .action(async (id: string, options) => (await import('./verbs/election.ts')).eligible(id, options));

  electionVerb('open', 'close the list and open the box').action(async (id: string, options) =>
    (await import('./verbs/election.ts')).open(id, options),
  );

  electionVerb('close', 'close the box: the servers agree on its content and tally').action(
    async (id: string, options) => (await import('./verbs/election.ts')).close(id, options),
  );

  electionVerb('cancel', 'take an election back before it is closed').action(async (id: string, options) =>
    (await import('./verbs/election.ts')).cancel(id, options),
  );

  electionVerb('tally', 'add the three fragments up and draw the result').action(
    async (id: string, options) => (await import('./verbs/election.ts')).tally(id, options),
  );

  electionVerb('record', 'write every signed command of an election to a file')
    .requiredOption('--out <file>', 'where to write it')
    .action(async (id: string, options) => (await import('./verbs/election-record.ts')).record(id, options));

  election
    .command('status')
    .description('elections, their states, and which server they wait for')
    .argument('[id]')
    .requiredOption('--config <file>', "any role's configuration")
    .option('--nats <url>', 'broker to use instead of the configured one')
    .option('--json', 'one JSON object on standard output')
    .action(async (id: string | undefined, options) =>
      (await import('./verbs/election.ts')).status(id, options),
    );

  election
    .command('receipt')
    .description('ask each server where a ballot stands')
    .argument('<tracker>')
    .requiredOption('--election <id>', 'the election')
    .requiredOption('--config <file>', "any role's configuration")
    .option('--nats <url>', 'broker to use instead of the configured one')
    .option('--json', 'one JSON object on standard output')
    .action(async (tracker: string, options) =>
      (await import('./verbs/election.ts')).receipt(tracker, options),
    );

  election
    .command('verify')
    .description('check the record of an election, offline: every signature, the set of ballots, the sums')
    .argument('<record>')
    .requiredOption('--registrar <key>', "the registrar's public key, as the voters were told")
    .option('--json', 'one JSON object on standard output')
    .action(async (file: string, options) =>
      (await import('./verbs/election-record.ts')).verify(file, options),
    );

  election
    .command('demo')
    .description('a whole election on this machine: three servers, real ballots, result and check')
    .option('--voters <count>', 'test voters', positiveInteger, 1000)
    .option('--options <count>', 'options', positiveInteger, 6)
    .option('--type <type>', 'yesNo, oneOf, approval or score', 'oneOf')
    .option('--nats-server <path>', 'the nats-server program to start')
    .option('--keep', 'keep the working directory with logs and state')
    .option('--inspect', 'show what the roles do in the browser; stays until Ctrl-C')
    .option('--record <file>', 'write what the roles do to this new file, for mpc inspect --replay')
    .option('--json', 'one JSON object on standard output')
    .action(async (options) => (await import('./verbs/election-demo.ts')).demo(options));

  program
    .command('vote')
    .description('cast a ballot with a credential')
    .requiredOption('--credential <file>', 'what the registrar gave you')
    .option(
      '--choice <label>',
      'what you choose (repeat where several may be; LABEL=3 for points)',
      collect,
      [],
    )
    .option('--random <count>', 'test elections: random ballots of so many credentials', positiveInteger)
    .option('--config <file>', "any role's configuration: it names broker and deployment")
    .option('--deployment <name>', 'without it: the deployment that holds the election', 'local')
    .option('--nats <url>', 'its broker', process.env.NATS_URL ?? 'nats://127.0.0.1:4222')
    .option('--json', 'one JSON object on standard output')
    .action(async (options) => (await import('./verbs/vote.ts')).vote(options));
}
