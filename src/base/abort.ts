/**
 * Owns waiting for a promise no longer than a signal allows.
 * Must never cancel the work itself: whoever started it goes on with it.
 */

/** Rejects with the signal's reason when it is aborted first. */
export function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
