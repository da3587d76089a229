using System.Text;

namespace Espalier.Server.Tools;

/// <summary>
/// Takes an answer in channels apart (Harmony, the format of gpt-oss): messages of a header, a mark, a content and a mark that ends it. A
/// message to a function is a call; else the channel <c>analysis</c> has thoughts, and the others what whoever asked is to read. Marks are
/// ids of their own: the same letters in a text are none.
/// </summary>
/// <param name="tools">What may be called; null for nothing: a message to anything else is no call.</param>
internal sealed class ChannelText(KnownTools? tools) : IAnswerForm
{
    public const string Channel = "<|channel|>", Message = "<|message|>", End = "<|end|>", Start = "<|start|>", Constrain = "<|constrain|>";

    private const string ToFunction = "to=functions.";

    private readonly StringBuilder _header = new(), _thoughts = new(), _arguments = new();
    private readonly List<ToolCall> _new = [];
    private Part _part;
    private bool _hasMark;
    private string _function = "";

    private enum Part
    {
        Header,
        Thoughts,
        Call,
        Text,
    }

    /// <summary>The special tokens of the format.</summary>
    public static IReadOnlyList<string> Marks { get; } = [Channel, Message, End, Start, Constrain, "<|call|>", "<|return|>"];

    public bool HasCalls { get; private set; }

    public bool EndsCut { get; private set; }

    /// <summary>Whether a model answers so, as its template shows.</summary>
    public static bool IsMeant(string template) =>
        template.Contains(Channel, StringComparison.Ordinal) && template.Contains(Message, StringComparison.Ordinal);

    public IReadOnlyList<ToolCall> TakeCalls()
    {
        ToolCall[] calls = [.. _new];
        _new.Clear();
        return calls;
    }

    /// <summary>What was thought since this was last asked.</summary>
    public string TakeThoughts()
    {
        var thoughts = _thoughts.ToString();
        _thoughts.Clear();
        return thoughts;
    }

    public string Append(string piece)
    {
        switch (_part)
        {
            case Part.Header:
                _header.Append(piece);
                // An answer that begins with anything else than a header is of a model that knows no channels.
                if (_hasMark || _header.ToString().TrimStart() is not { Length: > 0 } begun || Begins(begun))
                    return "";
                _part = Part.Text;
                return _header.ToString();
            case Part.Thoughts:
                _thoughts.Append(piece);
                return "";
            case Part.Call:
                _arguments.Append(piece);
                return "";
            default:
                return piece;
        }
    }

    /// <summary>Takes a mark; true where it ends the answer.</summary>
    public bool Mark(string mark)
    {
        _hasMark = true;
        if (mark == Message && _part == Part.Header)
            Begin();
        else if (mark is Channel or Constrain && _part == Part.Header)
            _header.Append($" {mark} ");
        else if (mark is not (Message or Constrain))
            EndMessage(mark == Channel ? $"{mark} " : "");
        return mark is "<|call|>" or "<|return|>";
    }

    public string Finish(bool isCut = false)
    {
        if (_part == Part.Header && !_hasMark)
            return _header.ToString();
        EndsCut = isCut && _part == Part.Call;
        EndMessage("");
        return "";
    }

    private static bool Begins(string header) => header.StartsWith(ToFunction, StringComparison.Ordinal)
        || ToFunction.StartsWith(header, StringComparison.Ordinal);

    private void Begin()
    {
        var words = _header.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        _function = words.LastOrDefault(static word => word.StartsWith(ToFunction, StringComparison.Ordinal))?[ToFunction.Length..] ?? "";
        _part = tools?.Has(_function) == true ? Part.Call
            : words.SkipWhile(static word => word != Channel).Skip(1).FirstOrDefault() == "analysis" ? Part.Thoughts : Part.Text;
    }

    private void EndMessage(string header)
    {
        if (_part == Part.Call)
        {
            var arguments = _arguments.ToString();
            _new.Add(ToolCall.New(_function, EndsCut || !string.IsNullOrWhiteSpace(arguments) ? arguments : "{}"));
            HasCalls = true;
        }
        _arguments.Clear();
        _header.Clear().Append(header);
        _part = Part.Header;
    }
}
