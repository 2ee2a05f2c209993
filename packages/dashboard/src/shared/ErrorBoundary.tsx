import { Component, type ReactNode } from 'react';
import { ErrorNote } from './ErrorNote.tsx';

interface Props {
  readonly children: ReactNode;
  /** When it changes, what broke is tried again: another page is another try. */
  readonly of: string;
}
interface State {
  readonly error: unknown;
  readonly of: string;
}

/** Keeps what broke on one screen from taking the others along. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { error: null, of: this.props.of };

  static getDerivedStateFromError(error: unknown): Partial<State> {
    return { error };
  }

  static getDerivedStateFromProps(props: Props, state: State): Partial<State> | null {
    return props.of === state.of ? null : { error: null, of: props.of };
  }

  override render(): ReactNode {
    return this.state.error === null ? this.props.children : <ErrorNote error={this.state.error} />;
  }
}
