/** The circuit's file. */
export function aes128(): string;
