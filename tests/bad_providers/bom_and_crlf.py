"""Every line begins with a byte order mark and ends with CR LF."""

from manners import ALL, answer, run, write

run(lambda request: write(b"\xef\xbb\xbf" + answer(request)[:-1] + b"\r\n"), only=ALL)
