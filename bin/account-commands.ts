/**
 * Owns the command line of accounts and messages: names, options and help. Each verb is loaded when it is called.
 */
import { type Command, InvalidArgumentError } from 'commander';

export function addAccountCommands(program: Command): void {
  const account = program
    .command('account')
    .description('accounts with the coordinators: register, sign in and out, look others up, delete');

  ofAccount(
    account.command('register').description('a new account; makes its key, and prints its fingerprint'),
  )
    .argument('<name>')
    .option('--password', 'give it a password too: asked for, never part of the command line')
    .option('--no-keys', 'no key, a password only: such an account cannot send or receive messages')
    .option('--key <file>', "use this key file: a party's own, for an account of the party's name")
    .option(
      '--party-key <file>',
      "key file of the enrolled party of that name, where the account's key is another",
    )
    .action(async (name: string, options) => (await verbs()).register(name, options));

  ofAccount(account.command('login').description('sign in, and keep the session on this machine'))
    .argument('[name]')
    .option('--key <file>', 'the key file of an account that was registered elsewhere')
    .option('--hours <count>', 'how long the session lasts', hours)
    .action(async (name: string | undefined, options) => (await verbs()).login(name, options));

  overBrokers(reaching(account.command('logout').description('sign out of the session kept on this machine')))
    .option(...JSON_OPTION)
    .action(async (options) => (await verbs()).logout(options));

  ofAccount(account.command('token').description('print the token of a session, for other programs')).action(
    async (options) => (await verbs()).token(options),
  );

  ofAccount(account.command('list').description('accounts by name, and who is here'))
    .argument('[pattern]', '* is any text, ? any one character', '*')
    .action(async (pattern: string, options) => (await verbs()).list(pattern, options));

  ofAccount(account.command('show').description('one account, and whether its key is the one known here'))
    .argument('<name>')
    .action(async (name: string, options) => (await verbs()).show(name, options));

  ofAccount(
    account.command('trust').description('take the present key of an account for its own, after comparing'),
  )
    .argument('<name>')
    .option('--fingerprint <text>', 'as its owner has read it out')
    .action(async (name: string, options) => (await verbs()).trust(name, options));

  ofAccount(
    account.command('password').description('set or change the password; all other places are signed out'),
  )
    .option('--new-password-file <file>', 'file whose first line is the new password; - for standard input')
    .action(async (options) => (await verbs()).password(options));

  ofAccount(
    account.command('rekey').description('make and publish a new key; all other places are signed out'),
  )
    .option('--party-key <file>', 'key file of the enrolled party of that name')
    .action(async (options) => (await verbs()).rekey(options));

  ofAccount(
    account.command('delete').description('delete the account; senders of undelivered messages are told'),
  )
    .option('--yes', 'without asking')
    .action(async (options) => (await verbs()).remove(options));

  overBrokers(
    reaching(program.command('chat').description('write to other accounts, and read what they write')),
  )
    .option('--no-history', 'keep nothing of what is said on this machine')
    .action(async (options) => (await import('./verbs/chat.ts')).chat(options));
}

const verbs = () => import('./verbs/account.ts');

/** Of verbs that may reach them over brokers, too. */
const overBrokers = (command: Command): Command =>
  command
    .option(
      '--config <file>',
      "over the brokers of this configuration, a party's, instead of a coordinator's URL",
    )
    .option('--nats <url>', 'broker to use instead of the configured one');

/** What every verb takes that asks coordinators. */
function reaching(command: Command): Command {
  return command
    .option(
      '--coordinator <url>',
      'a coordinator (repeat for each replica; or MPC_COORDINATORS)',
      collect,
      [],
    )
    .option('--deployment <name>', 'name of the deployment (or MPC_DEPLOYMENT; default: local)')
    .option('--account <name>', 'which of the accounts kept here (or MPC_ACCOUNT)')
    .option('--home <directory>', 'where accounts are kept (or MPC_HOME; default: ~/.config/mpc)')
    .option('--insecure-http', 'allow http to other machines: where the network itself is private');
}

/** Of verbs that may have to sign in first. */
const signing = (command: Command): Command =>
  reaching(command).option(
    '--password-file <file>',
    'sign in by password: the first line of this file; - for standard input',
  );

/** Of verbs that also have something to tell. */
export const common = (command: Command): Command => signing(command).option(...JSON_OPTION);

const ofAccount = (command: Command): Command => overBrokers(common(command));

const JSON_OPTION = ['--json', 'one JSON object on standard output'] as const;

const collect = (value: string, earlier: string[]): string[] => [...earlier, value];

function hours(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1 && value <= 720) return value;
  throw new InvalidArgumentError('write a whole number of hours, 1 to 720');
}
