using System.Threading.Channels;
using Espalier.Models.Generation;
using Espalier.Models.Serving;
using Espalier.Models.Tokenizers;
using Espalier.Server.Loading;
using Espalier.Server.Tools;

namespace Espalier.Server.Answers;

/// <summary>Makes an answer's parts out of ids, on the engine's thread: text, what ends it, and calls.</summary>
internal sealed class AnswerWriter : IServedReceiver
{
    private readonly ServedModel _model;
    private readonly int _index;
    private readonly ChannelWriter<AnswerPart> _parts;
    private readonly TokenDecodeStream _decoded;
    private readonly StopText _stop;
    private readonly ToolCallText? _calls;
    private readonly ChannelText? _channels;
    private readonly AnswerTimes _times;

    /// <param name="index">Which answer of its request.</param>
    /// <param name="stops">Texts that end it.</param>
    /// <param name="form">Takes it apart; null where it is text alone.</param>
    /// <param name="parts">Receives the parts; told when there are no more.</param>
    /// <param name="times">Receives when what happened.</param>
    public AnswerWriter(ServedModel model, int index, IReadOnlyList<string> stops, IAnswerForm? form, ChannelWriter<AnswerPart> parts,
        AnswerTimes times)
    {
        (_model, _index, _stop, _parts, _times) = (model, index, new(stops), parts, times);
        (_calls, _channels) = (form as ToolCallText, form as ChannelText);
        _decoded = model.Tokenizer.CreateDecodeStream(skipSpecialTokens: _calls is null);
    }

    /// <summary>Ids of the answer so far, one that ends it too.</summary>
    public int Count { get; private set; }

    /// <summary>Ids of the prompt whose keys and values were there already.</summary>
    public int Reused { get; private set; }

    /// <summary>
    /// Says which id stands before the answer: tokenizers that write a space as part of the next word leave out the one at a text's start.
    /// </summary>
    public void GoOn(int before) => _decoded.Append(before);

    public void Begin(int reused)
    {
        Reused = reused;
        _times.Begun();
    }

    public bool Accept(ServedToken token)
    {
        Count++;
        _times.Chosen();
        if (_model.StopIds.Contains(token.Id))
            return true;
        var text = IsHidden(token.Id) ? "" : _decoded.Append(token.Id);
        var ends = false;
        if (_channels is not null)
        {
            var mark = _model.Tokenizer.TokenText(token.Id) is { } name && ChannelText.Marks.Contains(name) ? name : null;
            text = _channels.Append(mark is null || _model.Tokenizer.IsSpecial(token.Id) ? text : "");
            ends = mark is not null && _channels.Mark(mark);
        }
        Write(_stop.Append(text), token.Probabilities is null ? null : token);
        return !ends && _stop.Met is null;
    }

    public void End(ServedEnd end, Exception? failure)
    {
        var rest = _decoded.Finish();
        if (_channels is not null)
            rest = _channels.Append(rest) + _channels.Finish(end == ServedEnd.Length && _stop.Met is null);
        rest = _stop.Append(rest);
        Write(rest + _stop.Finish(), null);
        var isCut = end == ServedEnd.Length && _stop.Met is null;
        var last = _calls?.Finish(isCut) ?? "";
        var calls = _calls?.TakeCalls() ?? [];
        var finish = end switch
        {
            ServedEnd.Failed => FinishReason.Failed,
            ServedEnd.ShutDown => FinishReason.ShutDown,
            ServedEnd.Cancelled => FinishReason.Cancelled,
            _ when ((IAnswerForm?)_calls ?? _channels) is { HasCalls: true, EndsCut: false } => FinishReason.ToolCalls,
            _ when isCut => FinishReason.Length,
            _ => FinishReason.Stop,
        };
        _times.Ended();
        _parts.TryWrite(new(_index, last, calls, Finish: finish, Failure: failure));
    }

    // With tools, special tokens are decoded for the marks among them; the others are left out as always.
    private bool IsHidden(int id) =>
        _calls is not null && _model.Tokenizer.IsSpecial(id) && !ToolForms.Marks.Contains(_model.Tokenizer.TokenText(id));

    private void Write(string text, ServedToken? token)
    {
        text = _calls?.Append(text) ?? text;
        var calls = _calls?.TakeCalls() ?? _channels?.TakeCalls() ?? [];
        var thoughts = _channels?.TakeThoughts() ?? "";
        if (text.Length > 0 || calls.Count > 0 || thoughts.Length > 0 || token is not null)
            _parts.TryWrite(new(_index, text, calls, token, Thoughts: thoughts));
    }
}
