import { Checkbox } from '@patternfly/react-core';
import { Tr } from '@patternfly/react-table';
import { memo, type MouseEvent } from 'react';
import type { Column } from './VirtualTable.tsx';

interface Props<T> {
  readonly row: T;
  readonly columns: readonly Column<T>[];
  /** As a reader of screens counts, with the head. */
  readonly rowIndex: number;
  /** Absent: nothing can be chosen. */
  readonly box?: RowBox;
  readonly onToggle: (row: T, on: boolean) => void;
}

interface RowBox {
  readonly id: string;
  readonly label: string;
  readonly on: boolean;
}

const CELL = 'pf-v6-c-table__td';

/** What is cut off is told where the pointer rests: only then the page must know how wide it is. */
function tellWhatIsCut({ currentTarget: cell }: MouseEvent<HTMLTableCellElement>): void {
  cell.title = cell.scrollWidth > cell.offsetWidth ? (cell.textContent ?? '') : '';
}

/**
 * A row of a virtual table. While one scrolls, only rows that come are drawn. Its cells are plain ones: PatternFly's measure
 * themselves whenever they are drawn, and the page is laid out for each.
 */
function VirtualRowOf<T>({ row, columns, rowIndex, box, onToggle }: Props<T>) {
  return (
    <Tr aria-rowindex={rowIndex} isRowSelected={box?.on ?? false}>
      {box ? (
        <td className={`${CELL} guts-select-cell`}>
          <Checkbox
            id={box.id}
            aria-label={box.label}
            isChecked={box.on}
            onChange={(_event, on) => onToggle(row, on)}
          />
        </td>
      ) : null}
      {columns.map(({ key, title, extra, cell }) => (
        <td
          key={key}
          data-label={title}
          className={`${CELL} pf-m-truncate${extra ? ' guts-extra' : ''}`}
          onMouseEnter={tellWhatIsCut}
        >
          {cell(row)}
        </td>
      ))}
    </Tr>
  );
}

const sameBox = (one: RowBox | undefined, other: RowBox | undefined): boolean =>
  one?.id === other?.id && one?.label === other?.label && one?.on === other?.on;

export const VirtualRow = memo(
  VirtualRowOf,
  (before, after) =>
    before.row === after.row &&
    before.columns === after.columns &&
    before.rowIndex === after.rowIndex &&
    before.onToggle === after.onToggle &&
    sameBox(before.box, after.box),
) as typeof VirtualRowOf;
