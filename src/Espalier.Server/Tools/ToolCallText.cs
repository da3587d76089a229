using System.Text;
using Espalier.Models.Generation;

namespace Espalier.Server.Tools;

/// <summary>
/// Takes the calls out of a text that comes in pieces. What may be the beginning of one is held back; what turns out to be none is text.
/// Not for several threads.
/// </summary>
internal sealed class ToolCallText : IAnswerForm
{
    private const string Tag = "<tool_call>", Closing = "</tool_call>", PythonTag = "<|python_tag|>";

    private readonly ToolForm _form;
    private readonly bool _isAllCalls;
    private readonly ICallReader _reader;
    private readonly StringBuilder _held = new();
    private readonly List<ToolCall> _new = [];
    private StopText _opening;
    private string _opened = "";
    private bool _isInside, _hasText;

    /// <param name="tools">The functions that may be called.</param>
    /// <param name="isAllCalls">Whether the answer is nothing but calls, as a grammar sees to.</param>
    public ToolCallText(ToolForm form, KnownTools tools, bool isAllCalls = false)
    {
        (_form, _isAllCalls) = (form, isAllCalls);
        _reader = form == ToolForm.Marked ? new MarkedCallReader(tools) : new ToolCallReader(tools);
        _opening = Opening();
    }

    public bool HasCalls { get; private set; }

    public bool EndsCut { get; private set; }

    public IReadOnlyList<ToolCall> TakeCalls()
    {
        ToolCall[] calls = [.. _new];
        _new.Clear();
        return calls;
    }

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
            (rest, _opened, _opening) = (_opening.Rest, _opening.Met, Opening());
            if (_opened == Closing)
            {
                text.Append(HasCalls ? "" : Closing);
                continue;
            }
            _isInside = true;
            if (_opened == MarkedCallReader.Function)
                _held.Append(_opened);
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
        // Cut off after the last call is whole, or without its closing tag. Of calls in marks only the last mark says that they are whole.
        var isOpen = isCut && _form == ToolForm.Marked
            && !text.TrimEnd().EndsWith(MarkedCallReader.EndOfFunction, StringComparison.Ordinal);
        var calls = _hasText || isOpen ? null : _form == ToolForm.Bare ? Several(json) : _reader.Read(json);
        if (calls is null && isCut && !_hasText)
        {
            calls = _reader.ReadCut(json);
            // Without a mark before it, what may become a call may become any other JSON.
            if (calls is { Count: 0 } && _form == ToolForm.Bare && !_isAllCalls)
                calls = null;
            EndsCut = calls is not null;
        }
        if (calls is null)
            return Worth(_isInside && text.Length > 0 ? Shown(text) : text);
        Add(calls);
        return "";
    }

    private string Inside(string rest, StringBuilder text)
    {
        _held.Append(rest);
        if (_form == ToolForm.Listed)
            return "";
        var held = _held.ToString();
        // Without the tag around it, a function ends by itself.
        var closing = _opened == Tag ? Closing : MarkedCallReader.EndOfFunction;
        var end = held.IndexOf(closing, StringComparison.Ordinal);
        if (end < 0)
            return "";
        _held.Clear();
        _isInside = false;
        if (_reader.Read(held[..end]) is { } calls)
            Add(calls);
        else
            text.Append(Shown(held[..(end + closing.Length)]));
        return held[(end + closing.Length)..];
    }

    // What is no call after all, with the tag before it.
    private string Shown(string held) => _opened == MarkedCallReader.Function ? held : _opened + held;

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

    // What begins calls in the middle of a text. Models that mark functions sometimes leave out the tag before one, and not the one after.
    private StopText Opening() => new(_form switch
    {
        ToolForm.Tagged => [Tag],
        ToolForm.Marked => [Tag, MarkedCallReader.Function, Closing],
        ToolForm.Listed => ["[TOOL_CALLS]"],
        _ => [],
    });

    private string Take()
    {
        var text = _held.ToString();
        _held.Clear();
        return text;
    }
}
