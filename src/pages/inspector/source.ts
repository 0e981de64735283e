/**
 * Owns what the page asks of its own server: the charts once, the records so far, and those that come.
 * Must never ask any other host, nor give up while the server may come back.
 */
import type { FeedRecord } from '../../inspect/records.ts';
import type { InspectorView } from '../../inspect/view.ts';

const AGAIN_MS = 1000;

export class Source {
  readonly #token: string;

  constructor(token: string) {
    this.#token = token;
  }

  async view(): Promise<InspectorView> {
    return (await this.#ask('/view')).json();
  }

  /** Calls back with all records in order, then with those that come, for as long as the page is there. */
  async follow(
    onRecords: (records: readonly FeedRecord[]) => void,
    onLink: (isThere: boolean) => void,
  ): Promise<void> {
    let next = 0;
    for (;;) {
      try {
        for (;;) {
          const records: FeedRecord[] = await (await this.#ask(`/records?from=${next}`)).json();
          next += records.length;
          onLink(true);
          if (records.length === 0) break;
          onRecords(records);
        }
        for await (const records of this.#events(next)) {
          next += records.length;
          onRecords(records);
        }
      } catch {
        // The server is asked again below.
      }
      onLink(false);
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  /** Server-sent events, by fetch: the browser's own reader of them cannot send the token. */
  async *#events(from: number): AsyncGenerator<FeedRecord[]> {
    const { body } = await this.#ask(`/events?from=${from}`);
    if (body === null) return;
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      text += value;
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) {
        const data = event.split('\n').find((line) => line.startsWith('data: '));
        if (data !== undefined) yield JSON.parse(data.slice('data: '.length));
      }
    }
  }

  async #ask(path: string): Promise<Response> {
    const response = await fetch(path, { headers: { authorization: `Bearer ${this.#token}` } });
    if (!response.ok) throw new Error(`the inspector answered ${response.status}`);
    return response;
  }
}
