/**
 * Owns the sizes of what is drawn. All text of a chart is in one monospaced face, whose letters are 0.6 of their height wide:
 * so a chart is laid out without a browser and fits in every one.
 */
import type { ChartLine } from './shapes.ts';

export const SIZES = {
  /** Height of letters: a state's name, a line in its box, a label on an edge. */
  nameText: 12,
  lineText: 10,
  labelText: 10,
  /** Heights of what they stand in. */
  nameRow: 24,
  lineRow: 14,
  labelRow: 13,
  /** Space at the sides of a box and of a label. */
  boxSide: 12,
  labelSide: 5,
  /** Radius of the dot that marks a first state. */
  dot: 4,
} as const;

/** Widest letters of any monospaced face; signs that the face lacks come from another and are wider. */
const ADVANCE = 0.605;
const SIGN = 0.6;

export function textWidth(text: string, height: number): number {
  const signs = text.match(/[^ -~·]/g)?.length ?? 0;
  return Math.ceil((text.length * ADVANCE + signs * SIGN) * height);
}

/** The part of a state's box above what is inside of it. */
export function headerSize({ key, lines }: { key: string; lines: readonly ChartLine[] }): {
  width: number;
  height: number;
} {
  const { nameText, lineText, nameRow, lineRow, boxSide } = SIZES;
  const widths = [textWidth(key, nameText) * 1.06, ...lines.map(({ text }) => textWidth(text, lineText))];
  return {
    width: Math.ceil(Math.max(52, ...widths) + 2 * boxSide),
    height: nameRow + lines.length * lineRow + (lines.length === 0 ? 2 : 6),
  };
}
