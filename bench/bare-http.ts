/**
 * Owns the yardstick of `npm run bench:rest`: the barest node:http server, which sends the same body to whoever asks.
 */
import { createServer } from 'node:http';

let body = Buffer.alloc(0);
const server = createServer((_, response) => {
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': body.length,
  });
  response.end(body);
});
server.listen(0, '127.0.0.1');

process.on('message', (message: { readonly body: string }) => {
  body = Buffer.from(message.body);
  const address = server.address();
  process.send?.(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
});
process.on('disconnect', () => process.exit());
