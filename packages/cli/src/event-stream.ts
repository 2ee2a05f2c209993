import type { Event } from '@guts/contract';

/** A line may not grow for ever: characters. */
const LONGEST = 1_000_000;

/** What came so far of an event. */
interface Block {
  data: string[];
}

/**
 * The events of a stream of server-sent events (WHATWG HTML, section 9.2.6), as far as guts-api sends them: comments
 * and fields beside `data` are passed over.
 * @throws Error when a line has no end, or data is no JSON
 */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<Event, void> {
  const decoder = new TextDecoder();
  const block: Block = { data: [] };
  let rest = '';
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST) throw new Error('the event stream sends a line without end');
    for (const line of lines) {
      const text = line.endsWith('\r') ? line.slice(0, -1) : line;
      if (text.startsWith('data:')) block.data.push(text.slice(5).replace(/^ /, ''));
      if (text !== '' || block.data.length === 0) continue;
      yield JSON.parse(block.data.join('\n')) as Event;
      block.data = [];
    }
  }
}
