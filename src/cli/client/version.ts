/** The same as in `package.json`, which is not beside the file that stands alone; a test compares them. */
export const version = '0.1.0';
