/**
 * Owns the command line: names, options and help. Each verb lives in a file of its own and is loaded when it is called.
 * Must never print a stack trace unless --debug asks for it, nor anything but the answer on standard output.
 */
import { Argument, Command, CommanderError, Option } from 'commander';
import { EXIT, MpcError } from '../src/base/errors.ts';
import { ROLES } from '../src/config/roles.ts';
import { addAccountCommands } from './account-commands.ts';
import { addCollaborationCommands } from './collaboration-commands.ts';
import { addDeploymentCommands } from './deployment-commands.ts';
import { addElectionCommands } from './election-commands.ts';
import { addInspectCommands } from './inspect-commands.ts';
import { collect, positiveInteger, roundTrip, wholeNumber } from './option-values.ts';
import { withTerms } from './term-options.ts';

const program = new Command('mpc')
  .description("SQL over several organisations' private rows. Nobody sees anyone's rows.")
  .version('0.1.0')
  .option('--debug', 'show stack traces')
  .enablePositionalOptions()
  .exitOverride()
  .showHelpAfterError('(mpc --help shows all commands)');

program
  .addOption(new Option('--role <role>', 'run this role in the foreground').choices(ROLES))
  .option('--config <file>', 'its configuration (default: mpc.toml)')
  .option('--nats <url>', 'broker to use instead of the configured one')
  .option('--state <directory>', 'state directory instead of the configured one')
  .option('--log <level>', 'trace, debug, info, warn, error or silent')
  .option('--inspect <address>', 'let this one watch it with mpc inspect: server-a, …, party-NAME')
  .option('--console', 'a server: answer its operator on standard input')
  .action(
    async (options: {
      role?: string;
      config?: string;
      nats?: string;
      state?: string;
      log?: string;
      inspect?: string;
      console?: boolean;
    }) => {
      const { role, config } = options;
      if (role === undefined && config === undefined) return program.help({ error: true });
      const { runRole } = await import('./role.ts');
      await runRole({ ...options, config: config ?? 'mpc.toml' });
    },
  );

program
  .command('run')
  .description('the whole thing on this machine: broker, servers, dealer, coordinator, one client per input')
  .argument('<program>', 'SQL, a TypeScript program (.ts, .mjs, .js), or with --bits a circuit')
  .option('--bits', 'the program is a Boolean circuit in Bristol Fashion')
  .option(
    '--input <party[:table]=file>',
    "a party's rows, or the instances of the circuit's next input (repeat for each)",
    collect,
    [],
  )
  .option('--output <party>', 'who learns the result', 'analyst')
  .option(
    '--rows <count>',
    'most rows each party may bring (default: a little more than it has)',
    positiveInteger,
  )
  .option('--min-group <count>', 'hide groups of fewer rows', positiveInteger, 1)
  .option('--nats <url>', 'use this broker instead of starting one (or set NATS_URL)')
  .option('--broker-wait <seconds>', 'how long that broker is waited for', wholeNumber, 30)
  .option('--round-trip <ms>', 'plan for servers that far apart (default: what is measured)', roundTrip)
  .option(
    '--simulate-rtt <ms>',
    'development: hold messages between the servers back, so far there and back',
    roundTrip,
  )
  .option('--nats-server <path>', 'the nats-server program to start')
  .option('--keep', 'keep the working directory with logs and state')
  .option('--inspect', 'show what the roles do in the browser; stays until Ctrl-C')
  .option('--record <file>', 'write what the roles do to this new file, for mpc inspect --replay')
  .option('--json', 'one JSON object on standard output')
  .action(async (query: string, options) => (await import('./verbs/run.ts')).run(query, options));

program
  .command('demo')
  .description('the main job on made-up payrolls of three employers: what women and men earn at each level')
  .option('--nats <url>', 'use this broker instead of starting one (or set NATS_URL)')
  .option('--broker-wait <seconds>', 'how long that broker is waited for', wholeNumber, 30)
  .option('--nats-server <path>', 'the nats-server program to start')
  .option('--json', 'one JSON object on standard output')
  .action(async (options) => (await import('./verbs/demo.ts')).demo(options));

program
  .command('up')
  .description('a local deployment that stays, until Ctrl-C: broker, servers, dealer, coordinator')
  .option('--dir <directory>', 'where keys, configuration, state and logs go', '.mpc')
  .option('--party <name>', 'make keys and configuration for this party (repeat for each)', collect, [])
  .option('--nats <urls>', 'use this broker instead of starting one, or those (with commas)')
  .option('--nats-server <path>', 'the nats-server program to start')
  .addOption(
    new Option('--brokers <count>', 'brokers, each with a copy of the log')
      .choices(['1', '3', '5'])
      .default('1'),
  )
  .addOption(
    new Option('--coordinators <count>', 'replicas of the coordinator').choices(['1', '2', '3']).default('1'),
  )
  .option(
    '--rest <port>',
    'serve HTTP: coordinators from this port on, and a client service for each party ten further on',
    positiveInteger,
  )
  .option('--inspect', 'let mpc inspect watch everything')
  .action(async ({ brokers, coordinators, ...options }) => {
    const { up } = await import('./verbs/up.ts');
    await up({ ...options, brokers: Number(brokers), coordinators: Number(coordinators) });
  });

program
  .command('check')
  .description('what a program reveals and costs; with --input, whether a file fits it')
  .argument('<program>')
  .option('--bits', 'the program is a Boolean circuit in Bristol Fashion')
  .option(
    '--rows <count>',
    'most rows each party may bring, or instances of a circuit',
    positiveInteger,
    1000,
  )
  .option('--parties <count>', 'number of input parties', positiveInteger, 3)
  .option('--min-group <count>', 'hide groups of fewer rows', positiveInteger, 1)
  .option('--input <[table=]file>', 'check this file (repeat for each)', collect, [])
  .option('--source <table=result>', 'read an earlier result, by its id, as rows of that table', collect, [])
  .option(
    '--config <file>',
    'a configuration of the deployment that has it, with --source (default: mpc.toml)',
  )
  .option('--nats <url>', 'broker to look results up through, instead of the configured one')
  .option('--round-trip <ms>', 'plan for servers that far apart, there and back', roundTrip, 0)
  .option('--plan', 'print the plan, a line a node')
  .option('--json', 'one JSON object on standard output')
  .action(async (query: string, options) => (await import('./verbs/check.ts')).check(query, options));

withTerms(program.command('describe'))
  .description('write the descriptor of a collaboration: what every party reads, approves and pins')
  .requiredOption('--config <file>', 'a configuration whose [trust] holds everyone taking part')
  .option('--nats <url>', 'broker to look results up through, instead of the configured one')
  .option('--out <file>', 'where to write it', 'descriptor.json')
  .option('--json', 'one JSON object on standard output')
  .action(async (query: string, options) => (await import('./verbs/describe.ts')).describe(query, options));

program
  .command('status')
  .description('collaborations, their states, and who waits for whom and why')
  .requiredOption('--config <file>', "any role's configuration")
  .option('--nats <url>', 'broker to use instead of the configured one')
  .option('--watch', 'go on until Ctrl-C: every change, as it comes')
  .option('--json', 'one JSON object on standard output; with --watch, one a line for each change')
  .action(async (options) => (await import('./verbs/status.ts')).status(options));

program
  .command('doctor')
  .description("checks a role's configuration, key, disk, clock, broker and log, and says what to do")
  .option('--config <file>', "the role's configuration", 'mpc.toml')
  .option('--nats <url>', 'broker to use instead of the configured one')
  .option('--state <directory>', 'state directory instead of the configured one')
  .option('--json', 'one JSON object on standard output')
  .action(async (options) => (await import('./verbs/doctor.ts')).doctor(options));

addElectionCommands(program);
addInspectCommands(program);

addDeploymentCommands(program);
addAccountCommands(program);
addCollaborationCommands(program);

program
  .command('completion')
  .description('print the script that completes commands and options in your shell')
  .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
  .action(async (shell: 'bash' | 'zsh' | 'fish') =>
    (await import('./verbs/completion.ts')).completion(shell, program),
  );

try {
  await program.parseAsync();
} catch (error) {
  // Whatever a failed start left open must not keep the process alive.
  process.exit(explain(error, program.opts<{ debug?: boolean }>().debug === true));
}

/** Prints what happened, where, and what to do; returns the exit code. */
function explain(error: unknown, debug: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const lines: string[] = [];
  if (error instanceof MpcError) {
    const { party, file, line, column } = error.place ?? {};
    const position = [
      line === undefined ? undefined : `line ${line}`,
      column === undefined ? undefined : `column ${column}`,
    ];
    const place = [party, file, ...position].filter((part) => part !== undefined).join(', ');
    lines.push(`mpc: ${place === '' ? '' : `${place}: `}${error.message} [${error.code}]`);
    if (error.hint !== undefined) lines.push(`     ${error.hint}`);
  } else {
    lines.push(`mpc: ${error instanceof Error ? error.message : String(error)} [internal]`);
  }
  if (debug && error instanceof Error && error.stack !== undefined) lines.push(error.stack);
  process.stderr.write(`${lines.join('\n')}\n`);
  return error instanceof MpcError ? error.exitCode : EXIT.software;
}
