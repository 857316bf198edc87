/** The only way to @peculiar/x509 here: it needs reflect-metadata to be there before it is loaded. */
// oxlint-disable-next-line import/no-unassigned-import -- it changes the global Reflect, and that is all it does
import 'reflect-metadata';

export {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
} from '@peculiar/x509';
