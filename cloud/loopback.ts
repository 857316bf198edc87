/** Whether a host name or address, as it stands in a URL or a Host header, can only mean this machine. */
export const isLoopback = (hostname: string): boolean =>
  ['localhost', '::1', '[::1]'].includes(hostname) || /^127(\.\d{1,3}){3}$/.test(hostname);
