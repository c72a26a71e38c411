// The contract, for the store that is gone with the process.

import { after } from 'node:test';
import { contract } from './contract.ts';
import { modelTest } from './model.ts';
import { closeAll, placeAt, type Place } from './rig.ts';

after(closeAll);
const newPlace = async (): Promise<Place> => placeAt('memory:', false);

contract('memory', newPlace);
modelTest('memory', newPlace, 200);
