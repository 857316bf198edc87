/** Cells and batteries as data with sources: what is in them new, at the small currents of a device. */
export interface Cell {
  readonly name: string;
  readonly title: string;
  readonly milliampHours: number;
  readonly volts: number;
  readonly source: string;
}

const CAPACITIES = 'gist.github.com/christophermark/384ac395b7b646397ede (CR2032 225 mAh, AA 2500 mAh, AAA 1200 mAh)';

// oxfmt-ignore
export const CELLS: readonly Cell[] = [
  { name: '2xaa', title: 'two alkaline AA cells', milliampHours: 2_500, volts: 3, source: `${CAPACITIES}; 1.5 V each` },
  { name: 'cr2032', title: 'lithium coin cell', milliampHours: 225, volts: 3, source: `${CAPACITIES}; 3 V` },
  { name: '6xaaa', title: 'six alkaline AAA cells, as in the Move Hub', milliampHours: 1_200, volts: 9,
    source: `${CAPACITIES}; 1.5 V each; pybricks/technical-info @0d83ee23e5f5 hardware/programmable-bricks.md` },
];

export const cellNamed = (name: string): Cell | undefined => CELLS.find((cell) => cell.name === name);
