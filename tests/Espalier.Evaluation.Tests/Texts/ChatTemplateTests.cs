using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.Choices;
using Espalier.Evaluation.Conversations;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Texts;
using Espalier.Models.Tokenizers;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.Texts;

/// <summary>
/// Questions through a chat template, laid out as lm-evaluation-harness 0.4.13 lays them out (fewshot_context with apply_chat_template and
/// without fewshot_as_multiturn): the description as the system, shots and question as one message of the user, no target delimiter.
/// </summary>
public sealed class ChatTemplateTests : IDisposable
{
    private const string System = "<|start_header_id|>system<|end_header_id|>\n\n", User = "<|start_header_id|>user<|end_header_id|>\n\n",
        Assistant = "<|start_header_id|>assistant<|end_header_id|>\n\n", End = "<|eot_id|>", Begin = "<|begin_of_text|>";

    private static readonly string s_teacher = Path.Combine(Fixtures.Root, "models", "quickstart-teacher");

    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-chat-").FullName;

    public ChatTemplateTests()
    {
        File.WriteAllText(Path.Combine(_folder, "q.jsonl"), "{\"q\": \"one\", \"c\": [\"a\", \"b\"], \"r\": 1}\n");
        File.WriteAllText(Path.Combine(_folder, "s.jsonl"), "{\"q\": \"two\", \"c\": [\"d\", \"e\"], \"r\": 0}\n");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Choices_are_what_the_assistant_says()
    {
        var task =
            Task("prompt: 'Q: {q}'\nchoices: '{c}'\nanswer: '{r}'\ndescription: \"About it.\\n\\n\"\nshots: { count: 1, from: s.jsonl, "
                + "order: first }\n");
        var prompt = ChoicePrompts.Of(task, new(null, Limit: 1)).Single().Prompts[0].In(ConversationForm.OfModel(s_teacher));
        var context = $"{Begin}{System}About it.{End}{User}Q: two d\n\nQ: one{End}{Assistant}";
        Assert.Equal(context, prompt.Pairs[0].Context);
        Assert.Equal(["a", "b"], prompt.Pairs.Select(pair => pair.Continuation));
    }

    [Fact]
    public void Texts_are_asked_by_the_user_alone_where_nothing_stands_before_them()
    {
        var task = Task("kind: generate\nprompt: 'Q: {q}'\ntarget: '{r}'\n");
        var subject = TaskData.Read(task, null, shots: false).Single();
        var prompt = GeneratedPrompts.Of(task, subject, 0)[0].In(ConversationForm.OfModel(s_teacher));
        Assert.Equal($"{Begin}{User}Q: one{End}{Assistant}", prompt.Text);
        // BOS stands once, though the tokenizer puts one before every text.
        var tokenizer = Tokenizer.Load(s_teacher);
        Assert.True(tokenizer.DoublesBos(tokenizer.Encode(prompt.Text)));
    }

    [Fact]
    public void What_reads_text_as_it_stands_refuses_a_template()
    {
        var task = Task("kind: continuation\nprompt: '{q}'\n");
        var settings = new TaskSettings(null) { UsesChatTemplate = true };
        Assert.Contains("scores plain text without a chat template", Assert.Throws<EspalierException>(() =>
            task.Kind.CheckModel(task, settings, s_teacher, 512)).Message, StringComparison.Ordinal);
        task.Kind.CheckModel(task, new(null), s_teacher, 512);
        Assert.Contains("none is left for the question", Assert.Throws<EspalierException>(() =>
            task.Kind.CheckModel(task, new(null), s_teacher, 256)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("hello", "drops the question")]
    public void A_template_that_asks_nothing_is_refused(string template, string expected)
    {
        File.WriteAllText(Path.Combine(_folder, "tokenizer_config.json"), $"{{\"chat_template\": \"{template}\"}}");
        Assert.Contains(expected, Assert.Throws<EspalierException>(() => ConversationForm.OfModel(_folder).Asks("What?", 0)).Message,
            StringComparison.Ordinal);
    }

    private TaskDefinition Task(string keys)
    {
        var file = Path.Combine(_folder, "t.yaml");
        File.WriteAllText(file, $"test: q.jsonl\n{keys}");
        return TaskFile.Read(file);
    }
}
