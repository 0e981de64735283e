/**
 * Owns how brokers are named: the URLs of one cluster.
 */

/** "nats://a:4222, nats://b:4222" as a list. */
export const brokerUrls = (text: string): string[] => text.split(',').map((url) => url.trim());
