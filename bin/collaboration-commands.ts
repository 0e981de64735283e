/**
 * Owns the command line of collaborations: names, options and help. Each verb is loaded when it is called.
 */
import type { Command } from 'commander';
import { common } from './account-commands.ts';
import { withTerms } from './term-options.ts';

export function addCollaborationCommands(program: Command): void {
  const collaboration = program
    .command('collaboration')
    .description('collaborations with the coordinators: create, find, join, bring rows, fetch results');

  withTerms(
    common(
      collaboration.command('create').description('describe what is computed, and open it for the others'),
    ),
  ).action(async (file: string, options) => (await verbs()).create(file, options));

  common(collaboration.command('list').description('the collaborations that the coordinators know'))
    .option('--status <status>', 'only those in this state')
    .option('--party <name>', 'only those in which this party takes part')
    .action(async (options) => (await verbs()).list(options));

  common(collaboration.command('show').description('one collaboration, and what it waits for'))
    .argument('<id>')
    .action(async (id: string, options) => (await verbs()).show(id, options));

  common(
    collaboration.command('join').description('say that your party takes part; prints what it is asked for'),
  )
    .argument('<id>')
    .option('--notify <url>', 'where your party is told of changes')
    .action(async (id: string, options) => (await verbs()).join(id, options));

  common(collaboration.command('watch').description('every change as it comes, until it has ended'))
    .argument('<id>')
    .action(async (id: string, options) => (await verbs()).watch(id, options));

  at(common(collaboration.command('withdraw').description("take your party's part back before the start")))
    .argument('<id>')
    .action(async (id: string, options) =>
      // What the party's own key has approved, that key alone takes back: it is at its client.
      options.config === undefined && options.client === undefined
        ? (await verbs()).withdraw(id, options)
        : (await atHomeVerbs()).withdraw(id, options),
    );

  for (const [name, what] of [
    ['cancel', 'take a collaboration of yours back before it has started'],
    ['rerun', 'ask for another attempt at a collaboration of yours'],
  ] as const)
    common(collaboration.command(name).description(what))
      .argument('<id>')
      .action(async (id: string, options) => (await verbs())[name](id, options));

  atHome(collaboration.command('approve').description('approve a descriptor at your own client service'))
    .argument('<id>')
    .option('--digest <digest>', 'the digest that you have compared with the others; asked for without it')
    .action(async (id: string, options) => (await atHomeVerbs()).approve(id, options));

  atHome(
    collaboration
      .command('upload')
      .description('give your rows to your own client service: they leave masked'),
  )
    .argument('<id>')
    .argument('<file...>', 'a CSV file, or table=file for each table')
    .option('--digest <digest>', 'approve this descriptor, too')
    .action(async (id: string, files: string[], options) => (await atHomeVerbs()).upload(id, files, options));

  atHome(collaboration.command('result').description('the result that your party is entitled to'))
    .argument('<id>')
    .option('--csv', 'as CSV')
    .action(async (id: string, options) => (await atHomeVerbs()).result(id, options));

  atHome(
    program
      .command('page')
      .description("print the address of your party's page: whoever opens it acts for your party"),
  ).action(async (options) => (await atHomeVerbs()).page(options));
}

const verbs = () => import('./verbs/collaboration.ts');
const atHomeVerbs = () => import('./verbs/client-service.ts');

const at = (command: Command): Command =>
  command
    .option(
      '--config <file>',
      "your party's configuration: says where its client service is (default: mpc.toml)",
    )
    .option('--client <url>', 'its client service instead, with --client-token')
    .option('--client-token <file>', "the file with the client service's token");

const atHome = (command: Command): Command =>
  at(command).option('--json', 'one JSON object on standard output');
