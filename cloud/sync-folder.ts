/** Durable names: a file is only there after a power cut if its folder, too, was flushed. */
import { open } from 'node:fs/promises';

/** Makes a rename durable. Windows has no such call and journals the rename itself. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
