#!/bin/sh
# A whole provider in shell: it tells how long a recording is, and buzzes instead of speaking.
# Only POSIX tools and base64 are used. Vox writes one compact JSON object a line, so sed can read it; a provider that
# takes text to heart should rather use jq.

field() { # field NAME: the value of a string field of the request
    printf '%s\n' "$line" | sed -nE 's/.*"'"$1"'":"(([^"\\]|\\.)*)".*/\1/p'
}

answer() {
    printf '{"jsonrpc":"2.0","id":%s,%s}\n' "$id" "$1"
}

number() { # number N: 32 bits, little-endian
    printf "$(printf '\\%03o\\%03o\\%03o\\%03o' \
        $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)))"
}

buzz() { # buzz PERIODS: a WAV file, 8 kHz, 8 bits, a square wave of 200 Hz
    size=$(($1 * 40))
    printf 'RIFF'; number $((36 + size)); printf 'WAVEfmt '; number 16; printf '\001\000\001\000'
    number 8000; number 8000; printf '\001\000\010\000data'; number $size
    period=$(head -c 20 /dev/zero | tr '\0' '`'; head -c 20 /dev/zero | tr '\0' '~')
    i=0
    while [ $i -lt "$1" ]; do printf '%s' "$period"; i=$((i + 1)); done
}

while read -r line; do
    id=$(printf '%s\n' "$line" | sed -nE 's/.*"id":([0-9]+).*/\1/p')
    [ -n "$id" ] || continue # a notification wants no answer
    case $(field method) in
    models)
        answer '"result":{"models":[{"id":"minimal-sh:v1","name":"Minimal listener","backend":"minimal-sh"},{"id":"minimal-sh-tts:v1","name":"Minimal speaker","backend":"minimal-sh"}]}' ;;
    transcribe)
        if size=$(wc -c <"$(field path)"); then
            tenths=$(((size - 44) / 3200)) # Vox sends 16 kHz mono 16-bit WAV files
            text="A recording of $((tenths / 10)).$((tenths % 10)) seconds."
            answer "\"result\":{\"modelId\":\"$(field modelId)\",\"text\":\"$text\",\"elapsedMs\":1,\"metrics\":{\"inferenceMs\":1,\"totalMs\":1}}"
        else
            answer '"error":{"code":-32000,"message":"cannot read the recording","data":{"code":"unsupported_audio"}}'
        fi ;;
    voices)
        answer '"result":{"voices":[{"id":"buzz","name":"Buzz","modelId":"minimal-sh-tts:v1","default":true}]}' ;;
    synthesize)
        text=$(field input)
        audio=$(buzz $((${#text} * 10)) | base64 | tr -d '\n') # a twentieth of a second for each character
        answer "\"result\":{\"modelId\":\"$(field modelId)\",\"voiceId\":\"buzz\",\"format\":\"wav\",\"contentType\":\"audio/wav\",\"audioBase64\":\"$audio\",\"elapsedMs\":1,\"metrics\":{\"synthesisMs\":1,\"totalMs\":1}}" ;;
    *)
        answer '"error":{"code":-32601,"message":"no such method"}' ;;
    esac
done
