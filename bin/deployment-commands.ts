/**
 * Owns the commands with which an organisation sets up and runs its part of a deployment: names, options, help.
 */
import { type Command, Option } from 'commander';
import { collect, positiveInteger } from './option-values.ts';

export function addDeploymentCommands(program: Command): void {
  program
    .command('init')
    .description(
      "an organisation's part of a deployment: keys, certificates, configuration; without --role and --party, every role",
    )
    .requiredOption('--deployment <name>', 'the same for everyone who takes part')
    .option('--organisation <name>', 'who runs this part', 'local')
    .option('--dir <directory>', 'where everything goes (default: the deployment’s name)')
    .option(
      '--role <role>',
      'server-a, server-b, server-c, dealer or coordinator (repeat for each)',
      collect,
      [],
    )
    .option('--party <name>', 'a party that brings rows or gets results (repeat for each)', collect, [])
    .option(
      '--nats <url>',
      'broker that its roles speak through: tls://host:port (repeat for each)',
      collect,
      [],
    )
    .option('--broker <host:port>', 'run a broker of its own there')
    .option('--broker-name <name>', 'another name or address of that broker (repeat for each)', collect, [])
    .option('--certificate <file>', 'the certificate of that broker, instead of one of an own authority')
    .option('--certificate-key <file>', 'and its key')
    .option('--authority <file>', 'whom it comes from, where machines do not know that authority anyway')
    .option(
      '--route <organisation=host:port>',
      'another broker that keeps a copy of the log, and where it listens for this one (repeat for each)',
      collect,
      [],
    )
    .option('--route-port <port>', 'where this broker listens for those', positiveInteger, 6222)
    .option(
      '--leaf <organisation>',
      'an organisation whose broker joins this one (repeat for each)',
      collect,
      [],
    )
    .option('--leaf-port <port>', 'where this broker listens for those', positiveInteger, 7422)
    .addOption(
      new Option(
        '--hub <organisation=host:port>',
        'the broker that this one joins; it then keeps no log',
      ).conflicts(['route', 'leaf']),
    )
    .option(...JSON_OPTION)
    .action(async (options) => (await import('./verbs/init.ts')).init(options));

  const trust = program.command('trust').description("other organisations' keys");
  trust
    .command('add')
    .description("trust another organisation's card, after its fingerprint was compared by voice")
    .argument('<card>', 'the file that mpc init made there')
    .option('--dir <directory>', "this organisation's directory", '.')
    .option('--fingerprint <text>', 'what they read out (otherwise it is asked for)')
    .option('--replace', 'although it changes keys that are known')
    .option(...JSON_OPTION)
    .action(async (card: string, options) => (await import('./verbs/trust.ts')).trustAdd(card, options));
  trust
    .command('list')
    .description('whose keys are trusted, with their fingerprints')
    .option('--dir <directory>', "this organisation's directory", '.')
    .option(...JSON_OPTION)
    .action(async (options) => (await import('./verbs/trust.ts')).trustList(options));

  program
    .command('config')
    .description('configuration files')
    .command('check')
    .description('everything that is wrong with them, each with its line')
    .argument('<file...>')
    .option(...JSON_OPTION)
    .action(async (files: string[], options) =>
      (await import('./verbs/config-check.ts')).configCheck(files, options),
    );

  program
    .command('broker')
    .description("run an organisation's own broker (nats-server) in the foreground")
    .requiredOption('--config <file>', 'its broker.toml')
    .option('--print', 'print the configuration that nats-server gets, and run nothing')
    .option('--nats-server <path>', 'the nats-server program to start')
    .action(async (options) => (await import('./verbs/broker.ts')).broker(options));

  program
    .command('key')
    .description(
      'make an identity key file and print its public key; of an existing file, print the public key',
    )
    .argument('<file>')
    .option(...JSON_OPTION)
    .action(async (file: string, options) => (await import('./verbs/key.ts')).key(file, options));
}

const JSON_OPTION = ['--json', 'one JSON object on standard output'] as const;
