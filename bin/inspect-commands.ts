/**
 * Owns the words of the command line that show how roles work.
 */
import { type Command, Option } from 'commander';
import { ROLES } from '../src/config/roles.ts';

export function addInspectCommands(program: Command): void {
  program
    .command('inspect')
    .description(
      'what roles do, in the browser: their statecharts, live or as recorded, and the messages between them',
    )
    .option('--config <file>', 'of the one that roles let watch them', '.mpc/coordinator.toml')
    .option('--nats <url>', 'broker to use instead of the configured one')
    .option('--record <file>', 'write what is seen to this new file')
    .option('--replay <file>', 'show what was recorded instead')
    .action(async (options) => (await import('./verbs/inspect.ts')).inspect(options));

  program
    .command('graph')
    .description('the statecharts of a role, drawn from the machines that run')
    .addOption(new Option('--role <role>', 'whose').choices(ROLES).makeOptionMandatory())
    .addOption(
      new Option('--format <format>', 'what to print').choices(['svg', 'mermaid', 'json']).default('svg'),
    )
    .action(async (options) => (await import('./verbs/graph.ts')).graph(options));
}
