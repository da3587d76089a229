using System.Text;
using Espalier.Models.Generation;

namespace Espalier.Server.Tools;

/// <summary>
/// Takes the calls out of a text that comes in pieces. What may be the beginning of one is held back; what turns out to be none is text.
/// Not for several threads.
/// </summary>
internal sealed class ToolCallText
{
    private const string Closing = "</tool_call>", PythonTag = "<|python_tag|>";

    private readonly ToolForm _form;
    private readonly bool _isAllCalls;
    private readonly ToolCallReader _reader;
    private readonly StringBuilder _held = new();
    private readonly List<ToolCall> _new = [];
    private StopText _opening;
    private bool _isInside, _hasText;

    /// <param name="names">The functions that may be called.</param>
    /// <param name="isAllCalls">Whether the answer is nothing but calls, as a grammar sees to.</param>
    public ToolCallText(ToolForm form, IReadOnlySet<string> names, bool isAllCalls = false)
    {
        (_form, _reader, _isAllCalls) = (form, new(names), isAllCalls);
        _opening = Opening();
    }

    /// <summary>Whether there was a call.</summary>
    public bool HasCalls { get; private set; }

    /// <summary>Whether the last call ends before its arguments do.</summary>
    public bool EndsCut { get; private set; }

    /// <summary>The calls that are whole since this was last asked.</summary>
    public IReadOnlyList<ToolCall> TakeCalls()
    {
        ToolCall[] calls = [.. _new];
        _new.Clear();
        return calls;
    }

    /// <summary>Takes the next piece and returns the text that is now certain to be no call.</summary>
    public string Append(string piece)
    {
        var text = new StringBuilder();
        for (var rest = piece; rest.Length > 0;)
        {
            if (_isInside)
            {
                rest = Inside(rest, text);
                continue;
            }
            if (_form == ToolForm.Bare)
            {
                // Only an answer that begins with a call can be one.
                _held.Append(rest);
                var begun = _held.ToString().TrimStart();
                if (_hasText || begun.Length > 0 && begun[0] != '{' && !begun.StartsWith(PythonTag, StringComparison.Ordinal)
                    && !PythonTag.StartsWith(begun, StringComparison.Ordinal))
                {
                    text.Append(Take());
                    _hasText = true;
                }
                break;
            }
            var certain = _opening.Append(rest);
            text.Append(certain);
            if (_opening.Met is null)
                break;
            rest = _opening.Rest;
            _isInside = true;
        }
        return Worth(text.ToString());
    }

    /// <summary>Ends the text: what is no call after all is text.</summary>
    /// <param name="isCut">
    /// Whether it ended for its length: then a call that has begun is given as far as it came, and one whose name is not whole is left out,
    /// for a client could do nothing with half of a name and would show the rest as an answer.
    /// </param>
    public string Finish(bool isCut = false)
    {
        if (!_isInside && _form != ToolForm.Bare)
        {
            var end = Worth(_opening.Finish());
            return isCut && _isAllCalls ? "" : end;
        }
        var text = Take();
        var json = _form == ToolForm.Bare && text.TrimStart().StartsWith(PythonTag, StringComparison.Ordinal)
            ? text.TrimStart()[PythonTag.Length..] : text;
        // Cut off after the last call is whole, or without its closing tag.
        var calls = _hasText ? null : _form == ToolForm.Bare ? Several(json) : _reader.Read(json);
        if (calls is null && isCut && !_hasText)
        {
            calls = _reader.ReadCut(json);
            // Without a mark before it, what may become a call may become any other JSON.
            if (calls is { Count: 0 } && _form == ToolForm.Bare && !_isAllCalls)
                calls = null;
            EndsCut = calls is not null;
        }
        if (calls is null)
            return Worth(_isInside && text.Length > 0 ? _form.Opening() + text : text);
        Add(calls);
        return "";
    }

    private string Inside(string rest, StringBuilder text)
    {
        _held.Append(rest);
        if (_form == ToolForm.Listed)
            return "";
        var held = _held.ToString();
        var end = held.IndexOf(Closing, StringComparison.Ordinal);
        if (end < 0)
            return "";
        _held.Clear();
        (_isInside, _opening) = (false, Opening());
        if (_reader.Read(held[..end]) is { } calls)
            Add(calls);
        else
            text.Append("<tool_call>").Append(held, 0, end + Closing.Length);
        return held[(end + Closing.Length)..];
    }

    private IReadOnlyList<ToolCall>? Several(string json)
    {
        if (_reader.Read(json) is { } one)
            return one;
        var parts = json.Split(';').Select(_reader.Read).ToArray();
        return parts.All(static part => part is not null) ? [.. parts.SelectMany(static part => part!)] : null;
    }

    // White space between calls and after them belongs to neither.
    private string Worth(string text) => HasCalls && string.IsNullOrWhiteSpace(text) ? "" : text;

    private void Add(IReadOnlyList<ToolCall> calls)
    {
        _new.AddRange(calls);
        HasCalls |= calls.Count > 0;
    }

    private StopText Opening() => new(_form.Opening() is { } opening ? [opening] : []);

    private string Take()
    {
        var text = _held.ToString();
        _held.Clear();
        return text;
    }
}
