/**
 * Owns the cursor in the run: where it is, whether it follows the end or moves by itself, and what people look at.
 * Live and replay are one: a run that is live has an end that moves.
 */
import type { FeedRecord } from '../../inspect/records.ts';
import { type Arrow, isHeartbeat, Story } from '../../inspect/story.ts';
import type { InspectorView } from '../../inspect/view.ts';

/** What is pointed at or chosen: a message, a move of an actor, or a state of a chart. */
export type Focus =
  | { readonly kind: 'arrow'; readonly arrow: Arrow }
  | { readonly kind: 'move'; readonly at: number }
  | { readonly kind: 'state'; readonly id: string };

const MOMENT_MS = 300;
/** What the lanes show of a run, where it is longer than that. */
const WINDOW_MS = 6000;
const [SHORTEST_MS, LONGEST_MS] = [50, 3_600_000];

export class Player {
  readonly view: InspectorView;
  readonly story = new Story();
  cursor = -1;
  isFollowing = true;
  isPlaying = false;
  isLinked = false;
  /** One collaboration, or all. */
  filter: string | null = null;
  showsHeartbeats = false;
  showsKeys = false;
  /** The role, or the roles that share a chart, that is looked at closely; all alike without. */
  zoomed: string | null = null;
  pointed: Focus | null = null;
  chosen: Focus | null = null;
  /** Milliseconds that the lanes show. */
  windowMs = WINDOW_MS;
  /** Somebody moves the cursor fast: what glides to its place would only lag behind. */
  isHasty = false;
  readonly #listeners = new Set<() => void>();
  #isDrawing = false;
  #playedMs = 0;
  #frameMs = 0;
  #calm: ReturnType<typeof setTimeout> | undefined;

  constructor(view: InspectorView) {
    this.view = view;
  }

  /** Calls back at most once a frame. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  changed(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    requestAnimationFrame((nowMs) => {
      this.#isDrawing = false;
      this.#play(nowMs);
      for (const listener of this.#listeners) listener();
    });
  }

  add(records: readonly FeedRecord[]): void {
    this.story.add(records);
    if (!this.view.isLive && this.lengthMs < WINDOW_MS) this.fit();
    if (this.isFollowing) this.cursor = this.last;
    this.changed();
  }

  get last(): number {
    return this.story.records.length - 1;
  }

  /** From the first record to the last. */
  get lengthMs(): number {
    return (this.story.records.at(-1)?.atMs ?? 0) - (this.story.records[0]?.atMs ?? 0);
  }

  /** Time at the cursor. */
  get nowMs(): number {
    return this.isPlaying ? this.#playedMs : (this.story.records[this.cursor]?.atMs ?? 0);
  }

  /** The collaboration that charts show. */
  get subject(): string | null {
    return this.filter ?? this.story.latestAt(this.cursor)?.id ?? null;
  }

  seek(place: number): void {
    this.isPlaying = false;
    this.isFollowing = false;
    this.#hurry();
    this.cursor = Math.max(Math.min(place, this.last), Math.min(0, this.last));
    this.changed();
  }

  /** To the next place of which something is seen. */
  step(by: 1 | -1): void {
    let place = this.cursor + by;
    while (place > 0 && place < this.last && !this.#isSeen(place)) place += by;
    this.seek(place);
  }

  /** Space: a live run is followed or held; a recorded one plays from here, or from its beginning. */
  toggle(): void {
    if (this.view.isLive) {
      this.isFollowing = !this.isFollowing;
      if (this.isFollowing) this.cursor = this.last;
    } else {
      this.isFollowing = false;
      this.isPlaying = !this.isPlaying;
      if (this.isPlaying && this.cursor >= this.last) this.cursor = 0;
      this.#playedMs = this.story.records[this.cursor]?.atMs ?? 0;
      this.#frameMs = 0;
    }
    this.changed();
  }

  set<
    Key extends
      | 'filter'
      | 'showsHeartbeats'
      | 'showsKeys'
      | 'zoomed'
      | 'pointed'
      | 'chosen'
      | 'windowMs'
      | 'isLinked',
  >(key: Key, value: Player[Key]): void {
    if (this[key] === value) return;
    Object.assign(this, { [key]: value });
    this.changed();
  }

  /** The lanes show more time, or less. */
  stretch(factor: number): void {
    this.set('windowMs', Math.max(SHORTEST_MS, Math.min(LONGEST_MS, this.windowMs * factor)));
  }

  /** The lanes show all of the run. */
  fit(): void {
    this.stretch((this.lengthMs * 1.06) / this.windowMs);
  }

  isShown(arrow: Arrow): boolean {
    const { collaboration } = arrow.record;
    if (!this.showsHeartbeats && isHeartbeat(arrow)) return false;
    return this.filter === null || collaboration === null || collaboration === this.filter;
  }

  /** It is fast when another place is sought within a moment. */
  #hurry(): void {
    this.isHasty = this.#calm !== undefined;
    clearTimeout(this.#calm);
    this.#calm = setTimeout(() => {
      this.#calm = undefined;
      if (!this.isHasty) return;
      this.isHasty = false;
      this.changed();
    }, MOMENT_MS);
  }

  #isSeen(place: number): boolean {
    const record = this.story.records[place];
    if (record === undefined) return false;
    if (record.kind !== 'messaged')
      return this.filter === null || record.collaboration === null || record.collaboration === this.filter;
    return record.way !== 'in' && !/\.(hello|replicas)$/.test(record.subject);
  }

  #play(nowMs: number): void {
    if (!this.isPlaying) return;
    if (this.#frameMs > 0) this.#playedMs += Math.min(nowMs - this.#frameMs, 100);
    this.#frameMs = nowMs;
    this.cursor = Math.max(0, this.story.placeOf(this.#playedMs));
    if (this.cursor >= this.last) this.isPlaying = false;
    else this.changed();
  }
}
