/**
 * Owns every bound of the system, each with its reason. A message, file, plan or name beyond its bound is refused with
 * a typed error before any work is done for it.
 */
export const LIMITS = {
  /** Bytes in one sealed chunk: the measured sweet spot of both the broker and AES-GCM is 256 to 512 KiB. */
  chunkBytes: 256 * 1024,
  /** Largest message on the broker: a chunk with its frame, or a descriptor; everything longer is chunked. */
  messageBytes: 1024 * 1024,
  /** Bytes in flight on one channel: past this the broker calls its receiver slow and cuts it off. */
  windowBytes: 8 * 1024 * 1024,
  /** Bytes of a query's text: beyond it nobody reads what they approve. */
  sqlBytes: 64 * 1024,
  /** Characters of a packed circuit or plan: with everybody's keys it still fits one command of half a message. */
  programCharacters: 384 * 1024,
  /** Bytes that a packed circuit or plan may unpack to. */
  programBytes: 8 * 1024 * 1024,
  /** Bytes of a circuit's wires, over all instances, while a server runs it: they stay in memory. */
  circuitBytes: 4 * 1024 ** 3,
  /** Parties in one collaboration: each costs every server a channel. */
  parties: 256,
  /** Declared rows of one table over all parties: bounds a plan's memory. */
  rows: 100_000_000,
  /** Milliseconds of a round trip that a plan may be made for: beyond it a link is broken, not slow. */
  roundTripMs: 10_000,
  /** Characters of one CSV line: a longer one is a broken quote or an attack. */
  lineCharacters: 1024 * 1024,
  /** Numbers that a one-hot gate tells apart, a power of two: a tape holds that many words for each row. */
  domain: 1024,
  /** Values of one enumerated column, and groups numbered beforehand: one more number is for rows that have none of them. */
  groups: 1023,
  /** Products that one matrix product sums in all: a second of work, during which a server's thread does nothing else. */
  matrixTerms: 2 ** 31,
  /** Nodes of one plan. */
  planNodes: 100_000,
  /** Bytes of one server's tape: what a dealer is willing to make for one run. */
  tapeBytes: 64 * 1024 ** 3,
  /** Characters of a party's, table's or column's name. */
  nameCharacters: 64,
} as const;
