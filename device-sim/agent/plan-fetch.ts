/** Whether a file that the job names can be the image that the manifest fetches: decided before a byte is asked for. */
import type { JobImageFile } from '../../protocol/aws-iot/job-document.ts';
import type { RejectionCode } from '../../protocol/errors.ts';

export interface FetchRequest {
  readonly uri: string;
  /** As the manifest says, where it says. */
  readonly imageBytes?: number;
}

export type FetchPlan =
  | { readonly ok: true; readonly file: JobImageFile }
  | { readonly ok: false; readonly code: RejectionCode; readonly detail: string };

export function planFetch(
  { uri, imageBytes }: FetchRequest,
  { files, slotBytes }: { readonly files: readonly JobImageFile[]; readonly slotBytes: number },
): FetchPlan {
  const file = files.find((it) => it.uri === uri);
  if (!file) return { ok: false, code: 'image-unavailable', detail: `expected a file of the job for ${shortUri(uri)}` };
  if (file.bytes > slotBytes) return tooLarge(slotBytes, file.bytes);
  if (imageBytes !== undefined && file.bytes > imageBytes) return tooLarge(imageBytes, file.bytes);
  if (imageBytes !== undefined && file.bytes < imageBytes) {
    return { ok: false, code: 'image-mismatch', detail: `expected ${imageBytes} bytes, got a file of ${file.bytes}` };
  }
  return { ok: true, file };
}

const tooLarge = (limit: number, bytes: number): FetchPlan => ({
  ok: false,
  code: 'image-too-large',
  detail: `expected at most ${limit} bytes, got a file of ${bytes}`,
});

const shortUri = (uri: string): string => (uri.length <= 64 ? uri : `${uri.slice(0, 64)}…`);
