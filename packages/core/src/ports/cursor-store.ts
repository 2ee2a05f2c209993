/** How far somebody has read the events; one process at a time reads on. */
export interface CursorStore {
  /**
   * Takes the cursor, or keeps it. One that was never there begins behind the newest event.
   * @returns the sequence of the last event that was read; null: another process holds it
   */
  holdCursor(name: string, owner: string, seconds: number): Promise<number | null>;
  /** False: it is another's by now, and was not moved. */
  moveCursor(name: string, owner: string, sequence: number): Promise<boolean>;
  /** Another one may take it at once. */
  releaseCursor(name: string, owner: string): Promise<void>;
}
