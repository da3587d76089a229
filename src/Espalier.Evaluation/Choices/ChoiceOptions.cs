using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Tasks;
using Espalier.Files;

namespace Espalier.Evaluation.Choices;

/// <summary>Which of the choices is right.</summary>
internal enum AnswerForm
{
    /// <summary>Its place, from 0.</summary>
    Index,

    /// <summary>Its place, from 1.</summary>
    OneBased,

    /// <summary>A letter, from A.</summary>
    Letter,

    /// <summary>Its text.</summary>
    Text,
}

/// <summary>What a model chooses from.</summary>
/// <param name="Texts">The choices, each a template; of a task whose documents bring them as a list, the one field.</param>
/// <param name="Answer">Which is right.</param>
/// <param name="Form">How <paramref name="Answer"/> says it.</param>
internal sealed record ChoiceOptions(IReadOnlyList<Template> Texts, Template Answer, AnswerForm Form)
{
    /// <summary>Reads the keys choices, answer and answer-is.</summary>
    public static ChoiceOptions Read(TaskFields fields)
    {
        var options = new ChoiceOptions(
            [.. (fields.Texts("choices") ?? throw fields.Missing("choices"))
                .Select(choice => Template.Parse(choice, fields.Place("choices")))],
            fields.Template("answer"),
            fields.Word("answer-is", AnswerForm.Index, ("index", AnswerForm.Index), ("one-based", AnswerForm.OneBased),
                ("letter", AnswerForm.Letter), ("text", AnswerForm.Text)));
        return options.Texts is [{ LoneField: null }]
            ? throw new EspalierException(
                $"{fields.Place("choices")} is one choice; name a list of them, or the field that holds one, such as {{choices}}")
            : options;
    }

    /// <summary>A document's choices.</summary>
    /// <exception cref="EspalierException">There are fewer than two, or one is empty.</exception>
    public string[] Choices(TaskDocument document)
    {
        string[] choices = Texts is [{ LoneField: { } list }] ? document.Texts(list) : [.. Texts.Select(choice => choice.Fill(document))];
        if (choices.Length < 2)
            throw new EspalierException($"{document.Place}: has {choices.Length} choice{(choices.Length == 1 ? "" : "s")}, and needs two");
        var empty = Array.FindIndex(choices, static choice => choice.Length == 0);
        return empty < 0 ? choices : throw new EspalierException($"{document.Place}: choice {empty + 1} is empty");
    }

    /// <summary>Which of them is right, from 0.</summary>
    /// <exception cref="EspalierException">None.</exception>
    public int Right(TaskDocument document, string[] choices)
    {
        var text = Answer.Fill(document);
        var answer = Form switch
        {
            AnswerForm.Letter => text is [var letter] ? char.ToUpperInvariant(letter) - 'A' : -1,
            AnswerForm.Text => Array.IndexOf(choices, text),
            _ => Quantity.Count(text) is { } number && number <= choices.Length
                ? (int)number - (Form == AnswerForm.OneBased ? 1 : 0) : -1,
        };
        return answer >= 0 && answer < choices.Length ? answer
            : throw new EspalierException(
                $"{document.Place}: the answer is '{OneLine.Clipped(text)}', and there are {choices.Length} choices");
    }
}
