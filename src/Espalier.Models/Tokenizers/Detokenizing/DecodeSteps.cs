using System.Buffers;
using System.Text;
using Espalier.Models.Tokenizers.Bpe;

namespace Espalier.Models.Tokenizers.Detokenizing;

/// <summary>
/// A step on the way from token strings to text, for one run of ids. A token arrives as any number of <see cref="Text"/>
/// calls and one <see cref="EndToken"/>; <see cref="End"/> closes the run. A step hands on only what is certain.
/// </summary>
internal abstract class DecodeStep(DecodeStep? next)
{
    protected DecodeStep Next => next!;

    public abstract void Text(ReadOnlySpan<char> text);

    public virtual void EndToken() => Next.EndToken();

    public virtual void End() => Next.End();
}

/// <summary>A step that can do nothing with part of a token.</summary>
internal abstract class TokenDecodeStep(DecodeStep next) : DecodeStep(next)
{
    private readonly StringBuilder _token = new();

    public override void Text(ReadOnlySpan<char> text) => _token.Append(text);

    public override void EndToken()
    {
        var token = _token.ToString();
        _token.Clear();
        Take(token);
    }

    protected abstract void Take(string token);
}

/// <summary>Collects the text. Without a decoder, tokens are joined with spaces.</summary>
internal sealed class CollectStep(bool joinWithSpaces) : DecodeStep(null)
{
    private readonly StringBuilder _text = new();
    private bool _between;

    public override void Text(ReadOnlySpan<char> text)
    {
        if (_between)
            _text.Append(' ');
        _between = false;
        _text.Append(text);
    }

    public override void EndToken() => _between = joinWithSpaces;

    public override void End()
    {
    }

    /// <summary>Takes out what has come since the last call.</summary>
    public string Take()
    {
        var text = _text.ToString();
        _text.Clear();
        return text;
    }
}

/// <summary>
/// Byte-level tokens become bytes, and all bytes together become text, with one U+FFFD for each maximal invalid part.
/// A token with a character outside the byte alphabet stands for its own UTF-8 bytes.
/// </summary>
internal sealed class ByteLevelDecodeStep(DecodeStep next) : DecodeStep(next)
{
    private readonly StringBuilder _token = new();
    private readonly System.Text.Decoder _decoder = Encoding.UTF8.GetDecoder();

    public override void Text(ReadOnlySpan<char> text) => _token.Append(text);

    public override void EndToken()
    {
        var size = Encoding.UTF8.GetMaxByteCount(_token.Length);
        var bytes = ArrayPool<byte>.Shared.Rent(size);
        Send(bytes.AsSpan(0, TokenBytes(bytes)), flush: false);
        ArrayPool<byte>.Shared.Return(bytes);
        _token.Clear();
    }

    public override void End()
    {
        Send([], flush: true);
        Next.EndToken();
        Next.End();
    }

    private int TokenBytes(byte[] bytes)
    {
        var count = 0;
        foreach (var chunk in _token.GetChunks())
            foreach (var character in chunk.Span)
            {
                if (ByteAlphabet.ToByte(character) is not (>= 0 and var value))
                    return Encoding.UTF8.GetBytes(_token.ToString(), bytes);
                bytes[count++] = (byte)value;
            }
        return count;
    }

    private void Send(ReadOnlySpan<byte> bytes, bool flush)
    {
        var characters = ArrayPool<char>.Shared.Rent(bytes.Length + 8);
        var count = _decoder.GetChars(bytes, characters, flush);
        if (count > 0)
            Next.Text(characters.AsSpan(0, count));
        ArrayPool<char>.Shared.Return(characters);
    }
}

/// <summary>
/// A run of <c>&lt;0xXX&gt;</c> tokens becomes text if the run as a whole is valid UTF-8, and one U+FFFD a byte if not: so
/// nothing of a run is certain before it ends.
/// </summary>
internal sealed class ByteFallbackDecodeStep(DecodeStep next) : TokenDecodeStep(next)
{
    private static readonly UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);

    private readonly List<byte> _run = [];

    protected override void Take(string token)
    {
        if (token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
            && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
        {
            _run.Add(value);
            return;
        }
        EndRun();
        Next.Text(token);
        Next.EndToken();
    }

    public override void End()
    {
        EndRun();
        Next.End();
    }

    private void EndRun()
    {
        if (_run.Count == 0)
            return;
        try
        {
            Next.Text(s_strict.GetString([.. _run]));
            Next.EndToken();
        }
        catch (DecoderFallbackException)
        {
            for (var i = 0; i < _run.Count; i++)
            {
                Next.Text("\uFFFD");
                Next.EndToken();
            }
        }
        _run.Clear();
    }
}

/// <summary>Rewrites each token.</summary>
internal sealed class ReplaceDecodeStep(Func<string, string> rewrite, DecodeStep next) : TokenDecodeStep(next)
{
    protected override void Take(string token)
    {
        if (token.Length > 0)
            Next.Text(rewrite(token));
        Next.EndToken();
    }
}

/// <summary>Makes one token of all.</summary>
internal sealed class FuseDecodeStep(DecodeStep next) : DecodeStep(next)
{
    public override void Text(ReadOnlySpan<char> text) => Next.Text(text);

    public override void EndToken()
    {
    }

    public override void End()
    {
        Next.EndToken();
        Next.End();
    }
}

/// <summary>Cuts up to so many of a character off the start and the end of each token.</summary>
internal sealed class StripDecodeStep(char content, int start, int stop, DecodeStep next) : DecodeStep(next)
{
    private int _passed; // characters of this token that were cut, or start once another one came
    private int _held;

    public override void Text(ReadOnlySpan<char> text)
    {
        while (_passed < start && !text.IsEmpty)
        {
            if (text[0] != content)
            {
                _passed = start;
                break;
            }
            _passed++;
            text = text[1..];
        }
        if (stop == 0)
        {
            Next.Text(text);
            return;
        }
        // Trailing characters are held back until something else follows or the token ends.
        var body = text.TrimEnd(content);
        if (!body.IsEmpty)
        {
            Next.Text(new string(content, _held));
            Next.Text(body);
            _held = 0;
        }
        _held += text.Length - body.Length;
    }

    public override void EndToken()
    {
        if (_held > stop)
            Next.Text(new string(content, _held - stop));
        (_passed, _held) = (0, 0);
        Next.EndToken();
    }
}

/// <summary>Writes the mark as a space; in the first token it is dropped where encoding would put it in front.</summary>
internal sealed class MetaspaceDecodeStep(char mark, bool dropInFirst, DecodeStep next) : DecodeStep(next)
{
    private bool _drop = dropInFirst;

    public override void Text(ReadOnlySpan<char> text) =>
        Next.Text(_drop ? text.ToString().Replace(mark.ToString(), "", StringComparison.Ordinal) : text.ToString().Replace(mark, ' '));

    public override void EndToken()
    {
        _drop = false;
        Next.EndToken();
    }
}
