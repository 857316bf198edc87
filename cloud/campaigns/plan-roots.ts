/**
 * How the published trust roots travel with a campaign: in its stream behind envelope and image, and where they are more
 * than a stream of AWS IoT takes, in further ones that are named after it.
 */
import { type JobRootFile, ROOT_FILE_BASE } from '../../protocol/aws-iot/job-document.ts';
import { MAX_STREAM_FILES } from '../../protocol/aws-iot/streams.ts';
import { MAX_JOB_ROOTS } from '../../protocol/limits.ts';
import { furtherStreamId, type StreamFile } from '../store/streams.ts';

/** A root as it is kept for delivery. */
export interface RootArtifact {
  readonly version: number;
  /** SHA-256 in hex. */
  readonly digest: string;
  readonly bytes: number;
}

export interface RootPlan {
  /** For the job document. */
  readonly roots: readonly JobRootFile[];
  /** For the streams, by their ids. */
  readonly files: ReadonlyMap<string, readonly StreamFile[]>;
}

/**
 * @param chain oldest first, without a gap; the newest `MAX_JOB_ROOTS` travel
 * @param reserved files of the campaign's own stream that are none of roots
 */
export function planRoots(
  chain: readonly RootArtifact[],
  { streamId, reserved }: { readonly streamId: string; readonly reserved: number },
): RootPlan {
  const roots: JobRootFile[] = [];
  const files = new Map<string, StreamFile[]>();
  const first = MAX_STREAM_FILES - reserved;
  for (const [index, { version, digest, bytes }] of chain.slice(-MAX_JOB_ROOTS).entries()) {
    const further = index < first ? 0 : 1 + Math.floor((index - first) / MAX_STREAM_FILES);
    const stream = further === 0 ? streamId : furtherStreamId(streamId, further);
    const inStream = files.get(stream) ?? [];
    const fileId = ROOT_FILE_BASE + inStream.length;
    files.set(stream, [...inStream, { fileId, digest, bytes }]);
    roots.push({ version, fileId, bytes, ...(further > 0 && { stream }) });
  }
  return { roots, files };
}
