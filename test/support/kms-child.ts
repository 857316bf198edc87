/** An embedded KMS in a process of its own: prints its endpoint and serves until it dies. */
import { startKms } from '../../cloud/kms/server.ts';

const { url } = await startKms({ folder: process.argv[2] ?? '', port: 0 });
console.log(url);
