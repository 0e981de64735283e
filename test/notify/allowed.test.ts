import assert from 'node:assert/strict';
import test from 'node:test';
import { checkAddress, type NotifyRules, noticeUrl } from '../../src/notify/allowed.ts';

const ID = 'a'.repeat(20);
const rules: NotifyRules = { allow: ['https://told.example', 'http://10.0.0.5:8080'], allowLocal: false };

test('an endpoint whose origin is listed is told below its own path', () => {
  assert.equal(noticeUrl('https://told.example', ID, rules).href, `https://told.example/notify/${ID}`);
  assert.equal(
    noticeUrl('https://told.example/mpc/', ID, rules).href,
    `https://told.example/mpc/notify/${ID}`,
  );
  assert.equal(noticeUrl('http://10.0.0.5:8080/x', ID, rules).href, `http://10.0.0.5:8080/x/notify/${ID}`);
});

test('any other scheme, host, port or user is not told', () => {
  const refused = [
    'http://told.example',
    'https://told.example:8443',
    'https://told.example.evil.example',
    'https://user:pass@told.example',
    'https://told.example@evil.example',
    'https://evil.example/https://told.example',
    'http://10.0.0.5',
    'ftp://told.example',
    'file:///etc/passwd',
    'told.example',
    '',
  ];
  for (const endpoint of refused)
    assert.throws(() => noticeUrl(endpoint, ID, rules), { code: 'notify.not-allowed' }, endpoint);
  assert.throws(() => noticeUrl('https://told.example', ID, { ...rules, allow: [] }), {
    code: 'notify.not-allowed',
  });
});

test('a name that resolves to this machine, its link, or no host at all is not told, however that is written', () => {
  const inside = [
    '127.0.0.1',
    '127.8.8.8',
    '169.254.169.254',
    '::1',
    'fe80::1',
    'fe80::1%eth0',
    '::ffff:127.0.0.1',
    '::ffff:169.254.169.254',
  ];
  const nowhere = [
    '0.0.0.0',
    '0.1.2.3',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    'ff02::1',
    '::ffff:7f00:1',
    '::7f00:1',
    '64:ff9b::7f00:1',
  ];
  for (const address of [...inside, ...nowhere])
    assert.throws(() => checkAddress(address, rules), { code: 'notify.not-allowed' }, address);
  for (const address of inside) checkAddress(address, { ...rules, allowLocal: true });
  for (const address of nowhere)
    assert.throws(
      () => checkAddress(address, { ...rules, allowLocal: true }),
      { code: 'notify.not-allowed' },
      address,
    );
  for (const address of ['10.0.0.5', '93.184.216.34', '2606:2800:220:1::1']) checkAddress(address, rules);
});
