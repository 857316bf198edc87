/** The store and the artifacts of a data folder, for commands that run beside `bristlecone up`. */
import { Artifacts } from '../store/artifacts.ts';
import { openStore, type Store } from '../store/store.ts';
import { type DataFolder, openDataFolder } from './data-folder.ts';

export interface CloudFiles extends AsyncDisposable {
  readonly folder: DataFolder;
  readonly store: Store;
  readonly artifacts: Artifacts;
}

export async function openCloudFiles(data: string): Promise<CloudFiles> {
  const folder = openDataFolder(data);
  const artifacts = await Artifacts.open(folder.artifacts);
  const store = await openStore(folder.database);
  return { folder, store, artifacts, [Symbol.asyncDispose]: () => store.close() };
}
