// The contract, for SQLite.

import { after } from 'node:test';
import { TempFolder } from '../../peers/temp-folder.ts';
import { contract } from './contract.ts';
import { migrations } from './migrations.ts';
import { modelTest } from './model.ts';
import { closeAll, placeAt, type Place } from './rig.ts';

const folder = new TempFolder('sqlite');
after(async () => {
  await closeAll();
  folder.remove();
});
let places = 0;

async function newPlace(): Promise<Place> {
  places += 1;
  return placeAt(`sqlite:${folder.file(`${places}.db`)}`, true);
}

contract('SQLite', newPlace);
migrations('SQLite', newPlace);
modelTest('SQLite', newPlace, 60);
